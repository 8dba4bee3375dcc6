"""Samspår's referral service."""
