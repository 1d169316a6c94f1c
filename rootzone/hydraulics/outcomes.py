"""Names for what can happen to a soil layer: a refusal, or an adjustment by a rule."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Refusal(IntEnum):
    """Why a layer cannot be used; ``NONE`` means that it can."""

    NONE = 0
    TEXTURE_MISSING = 1
    TEXTURE_NEGATIVE = 2
    TEXTURE_ABOVE_100 = 3
    TEXTURE_ALL_ZERO = 4
    TEXTURE_NOT_CLOSED = 5
    PARAMETER_MISSING = 6
    PARAMETER_IMPOSSIBLE = 7
    SOIL_ORDER = 8
    LIMITS_TOO_CLOSE = 9
    K_ABOVE_KS = 10
    DEPTH_INVALID = 11
    DEPTH_OVERLAP = 12
    DEPTH_NOT_COVERED = 13
    SITE_INCOMPLETE = 14
    PTF_INPUT_MISSING = 15
    PTF_INPUT_IMPOSSIBLE = 16


class Rule(IntEnum):
    """Which guard changed a value, and so which quantity changed."""

    TEXTURE_NORMALISED = 1
    THETA_R_BOUND = 2
    SAT_BOUND = 3
    ALPHA_BOUND = 4
    N_BOUND = 5
    KS_BOUND = 6
    BD_ESTIMATED = 7
    BD_BOUND = 8
    BD_BELOW_THETA_S = 9
    SAT_POROSITY = 10
    DUL_BELOW_SAT = 11
    LL15_BELOW_DUL = 12
    LL15_MICROPORE_K = 13
    LL15_MONOTONE = 14
    AIRDRY_BELOW_LL15 = 15
    KDUL_BOUND = 16
    KDUL_PROFILE = 17
    MICROPORE_K_ABOVE_KS = 18
    RETENTION_RISES = 19
    DEPTH_EXTENDED = 20
    OM_BY_DEPTH = 21
    BD_FROM_TEXTURE = 22
    STONES = 23
    TEXTURE_BY_DIFFERENCE = 24


REFUSAL_TEXT: Final[dict[Refusal, str]] = {
    Refusal.NONE: "The layer is usable.",
    Refusal.TEXTURE_MISSING: "Sand, silt or clay is missing or not finite.",
    Refusal.TEXTURE_NEGATIVE: "Sand, silt or clay is negative (a no-data value, perhaps).",
    Refusal.TEXTURE_ABOVE_100: "Sand, silt or clay is above 100 %.",
    Refusal.TEXTURE_ALL_ZERO: "Sand, silt and clay are all zero.",
    Refusal.TEXTURE_NOT_CLOSED: "Sand, silt and clay add up too far from 100 %.",
    Refusal.PARAMETER_MISSING: "A hydraulic parameter is missing or not finite.",
    Refusal.PARAMETER_IMPOSSIBLE: (
        "A hydraulic parameter is impossible: theta outside 0 to 1, or alpha, n - 1 or Ks not "
        "above 0, or beyond every soil: alpha above 1 cm-1 (is it in m-1? divide by 100), n above "
        "50, Ks below 0.001 mm d-1 (is it in m s-1? multiply by 86,400,000) or above 1,000,000."
    ),
    Refusal.SOIL_ORDER: "theta_s is not far enough above theta_r.",
    Refusal.LIMITS_TOO_CLOSE: "AirDry, LL15, DUL and SAT cannot keep their order and least gaps.",
    Refusal.K_ABOVE_KS: "SWIM3's micropore conductivity at saturation is above KS.",
    Refusal.DEPTH_INVALID: "The top, bottom or thickness of the layer is missing or not positive.",
    Refusal.DEPTH_OVERLAP: "The layer does not start at the end of the one above, or the surface.",
    Refusal.DEPTH_NOT_COVERED: "The source layers do not reach the depth of the campaign layer.",
    Refusal.PTF_INPUT_MISSING: (
        "The pedotransfer function needs a bulk density, organic matter or measured water content "
        "that is missing; choose another one, or let missing ones be filled."
    ),
    Refusal.PTF_INPUT_IMPOSSIBLE: (
        "A bulk density is outside 0.2 to 2.1 g cm-3, organic matter outside 0 to 100 %, or a "
        "measured water content outside 0 to 1, or no lower at 1500 than at 33 kPa."
    ),
    Refusal.SITE_INCOMPLETE: "The layer itself is usable, but another layer of the site is not.",
}

RULE_QUANTITY: Final[dict[Rule, tuple[str, str]]] = {
    Rule.TEXTURE_NORMALISED: ("sand + silt + clay", "%"),
    Rule.THETA_R_BOUND: ("theta_r", "m3 m-3"),
    Rule.SAT_BOUND: ("theta_s", "m3 m-3"),
    Rule.ALPHA_BOUND: ("alpha_per_cm", "cm-1"),
    Rule.N_BOUND: ("n", "-"),
    Rule.KS_BOUND: ("ks_mm_d", "mm d-1"),
    Rule.BD_ESTIMATED: ("bd_g_cm3", "g cm-3"),
    Rule.BD_BOUND: ("bd_g_cm3", "g cm-3"),
    Rule.BD_BELOW_THETA_S: ("bd_g_cm3", "g cm-3"),
    Rule.SAT_POROSITY: ("theta_s", "m3 m-3"),
    Rule.DUL_BELOW_SAT: ("dul", "m3 m-3"),
    Rule.LL15_BELOW_DUL: ("ll15", "m3 m-3"),
    Rule.LL15_MICROPORE_K: ("ll15", "m3 m-3"),
    Rule.LL15_MONOTONE: ("ll15", "m3 m-3"),
    Rule.AIRDRY_BELOW_LL15: ("airdry", "m3 m-3"),
    Rule.KDUL_BOUND: ("kdul_mm_d", "mm d-1"),
    Rule.KDUL_PROFILE: ("kdul_mm_d", "mm d-1"),
    Rule.MICROPORE_K_ABOVE_KS: ("micropore K at SAT", "mm d-1"),
    Rule.RETENTION_RISES: ("ll15", "m3 m-3"),
    Rule.DEPTH_EXTENDED: ("bottom_mm", "mm"),
    Rule.OM_BY_DEPTH: ("om_pct", "%"),
    Rule.BD_FROM_TEXTURE: ("bd_g_cm3", "g cm-3"),
    Rule.STONES: ("theta_s", "m3 m-3"),
    Rule.TEXTURE_BY_DIFFERENCE: ("fraction that was left out", "%"),
}

RULE_TEXT: Final[dict[Rule, str]] = {
    Rule.TEXTURE_NORMALISED: "The fractions were scaled to 100 % (Eq. 6).",
    Rule.THETA_R_BOUND: "theta_r was brought inside its bounds.",
    Rule.SAT_BOUND: "theta_s, and so SAT, was brought inside its bounds.",
    Rule.ALPHA_BOUND: "alpha was brought inside its bounds.",
    Rule.N_BOUND: "n was brought inside its bounds.",
    Rule.KS_BOUND: "KS was brought inside its bounds.",
    Rule.BD_ESTIMATED: "A missing bulk density was estimated from SAT.",
    Rule.BD_BOUND: "A bulk density outside its bounds was replaced by the estimate from SAT.",
    Rule.BD_BELOW_THETA_S: (
        "A bulk density that leaves too little pore space was replaced by the estimate from SAT."
    ),
    Rule.SAT_POROSITY: "theta_s, and so SAT, was lowered to the porosity 1 - BD/2.65.",
    Rule.DUL_BELOW_SAT: "DUL was lowered to keep the least gap below SAT.",
    Rule.LL15_BELOW_DUL: "LL15 was lowered to keep the least gap below DUL.",
    Rule.LL15_MICROPORE_K: "LL15 was lowered to keep SWIM3's micropore conductivity below KS.",
    Rule.LL15_MONOTONE: "LL15 was lowered so that SWIM3's retention curve falls all the way.",
    Rule.AIRDRY_BELOW_LL15: "AirDry was lowered to keep the least gap below LL15.",
    Rule.KDUL_BOUND: "K at DUL was brought inside its bounds.",
    Rule.KDUL_PROFILE: "KDul of the profile was lowered so that the layer's Km stays below its KS.",
    Rule.MICROPORE_K_ABOVE_KS: (
        "SWIM3's micropore K at SAT exceeds KS; no limit was changed, the engine is to stop at KS."
    ),
    Rule.RETENTION_RISES: (
        "SWIM3's retention curve rises on drying between DUL and LL15; no limit was changed, the "
        "engine is to keep it falling."
    ),
    Rule.DEPTH_EXTENDED: "The deepest source layer was taken further down.",
    Rule.OM_BY_DEPTH: "A missing organic matter was filled by a usual value of its depth.",
    Rule.BD_FROM_TEXTURE: "A missing bulk density was filled from texture (Saxton and Rawls 2006).",
    Rule.STONES: "Water contents and Ks were reduced by the volume that stones take.",
    Rule.TEXTURE_BY_DIFFERENCE: "A fraction that the table leaves out is what is left of 100 %.",
}
