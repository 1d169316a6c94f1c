"""Stations: sensors of several networks in one table, screened by named rules, put on pixels."""
