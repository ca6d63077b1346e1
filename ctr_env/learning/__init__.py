"""Training of networks: supervised, self-training on unlabelled images, and policies for reinforcement learning."""
