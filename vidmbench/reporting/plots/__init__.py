"""Figures of records and of videos."""
