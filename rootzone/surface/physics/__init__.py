"""Radiative physics of the top centimetres; every formula computes with arrays and with tensors."""
