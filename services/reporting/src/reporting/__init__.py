"""Samspår's reporting service."""
