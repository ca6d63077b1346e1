"""CtRNet: mask and keypoints from a network, the pose from differentiable PnP."""
