"""Stores that are asked to do the same work, each in an interpreter of its own."""
