"""Agents of a study: policies that are trained, with several seeds, before its episodes are run."""
