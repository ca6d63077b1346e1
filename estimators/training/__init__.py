"""Training of the learned estimators."""
