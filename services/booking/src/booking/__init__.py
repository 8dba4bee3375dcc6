"""Samspår's booking service."""
