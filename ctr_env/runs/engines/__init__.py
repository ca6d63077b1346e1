"""Running many independent jobs: in this process, in several, on a Ray cluster or under Slurm."""
