"""Samspår's assessment service."""
