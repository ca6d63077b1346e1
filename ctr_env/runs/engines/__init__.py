"""Engines that run many independent jobs: in this process, on its cores, on a cluster."""
