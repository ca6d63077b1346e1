"""Files, folders, versions, seeds and settings of a run, the same for all commands."""
