"""Where a camera stands: from pictures of a moving robot to a pose with an error bar."""
