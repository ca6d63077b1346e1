"""Model predictive control of the arm over a horizon."""
