"""A robot's silhouette: where its contour lies in a image, and the pose that brings it onto a mask's."""
