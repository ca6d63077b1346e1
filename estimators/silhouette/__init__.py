"""A robot's silhouette: where its outline lies in a picture, and the pose that brings it onto a mask's."""
