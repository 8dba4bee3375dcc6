"""Samspår's consent service."""
