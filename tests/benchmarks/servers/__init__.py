"""Servers that answer with the same model, each in an environment of its own; what they are asked, and how."""
