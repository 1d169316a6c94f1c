"""The embedded Richards engine, written from the published science.

Two physics sets: ``swim3`` builds retention and conductivity from LL15, DUL, SAT, KS, KDul and
PSIDul on SWIM3's own nodes; ``van_genuchten`` takes Rosetta's parameters on consistent finite
volumes. Two steppings: ``apsim`` follows SWIM3's step rules, ``converged`` controls its own error.
"""
