"""Error model of a learned estimator: its poses, covariances and dropouts without images."""
