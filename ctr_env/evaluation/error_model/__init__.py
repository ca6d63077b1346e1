"""Fitting an error model of an estimator: recorded episodes, maximum likelihood, held-out evidence."""
