"""Where a camera stands: from images of a moving robot to a pose with an error bar."""
