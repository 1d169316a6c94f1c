"""The part of a campaign's section ``surface`` that the system ``multimodal`` reads."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rootzone.campaign.section import Fraction, Section

Inputs = Literal["sar", "sar_optics", "sar_optics_terrain", "all"]


class Multimodal(Section):
    """Moisture of 0-5 cm at 10 m from radar, optics, terrain and weather, by a ConvNeXt V2.

    ``surface.land`` is its grid: a GeoTIFF in metres with a band height_m, and slope_deg, theta_r,
    theta_s where they are known (the last two for the stage on a product).
    """

    data: str = "data/surface"
    """folder that the paths of the catalog's entries start from, relative to this file"""
    radar: str = "sentinel1"
    """catalog entry of the radar: VV, VH [dB]; angle and orbit are taken from its files"""
    l_band: str | None = None
    """catalog entry of a radar of long waves: HH, HV [dB]; null for none"""
    optics: str | None = "sentinel2"
    """catalog entry of Sentinel-2"""
    optics_10m: str | None = None
    """catalog entry of its bands of 10 m, which take the place of those of 20 m where they lie"""
    landsat: str | None = "landsat"
    """catalog entry of Landsat 8 and 9"""
    lai: str | None = None
    """daily or composite leaf area, GeoTIFFs with their day in the name; a pattern"""
    fpar: str | None = None
    """share of light that leaves take, likewise"""
    air: str | None = "data/surface/air/*.tif"
    """daily air temperature [K], on any grid; a pattern"""
    rain: str | None = "data/surface/rain/*.tif"
    """daily rain [mm], on any grid, from six days before the first day on; a pattern"""
    weather: str | None = None
    """catalog entry of daily weather, such as era5_land, in place of the files of air and rain"""
    radar_reach_days: Annotated[int, Field(ge=0, le=30)] = 0
    """how old a radar scene may be; 0 makes a map of days with one only"""
    optics_reach_days: Annotated[int, Field(ge=0, le=60)] = 16
    """how old the last clear look of an optical sensor may be"""
    inputs: Inputs = "all"
    """what the network sees: radar; with optics and leaves; with terrain; with weather and time"""
    variant: Literal["mini", "atto", "femto", "pico", "nano", "tiny"] = "atto"
    """size of the ConvNeXt V2; mini is no published one and is for trials"""
    window_px: Annotated[int, Field(ge=32, le=512, multiple_of=32)] = 96
    """side of the windows that are trained on and that maps are made of"""
    output: Literal["sigmoid", "bounds"] = "sigmoid"
    """0 to 1, or between each pixel's theta_r and theta_s of surface.land"""
    modality_dropout: Fraction = 0.2
    """chance that a sensor, or weather and time, are left out of an image in training"""
    grn_over: Literal["image", "batch"] = "image"
    """what response norms run over: each image, or all images of a batch"""
    device: Literal["cpu", "cuda"] = "cpu"
    """where networks are trained and asked; cuda: an NVIDIA GPU"""
    precision: Literal["fp32", "bf16"] = "fp32"
    """arithmetic of training; bf16 is for GPUs, and the last layer stays fp32"""
    weights: str | None = None
    """published weights of the encoder to start from, a file of safetensors or torch"""
    pretrain_epochs: Annotated[int, Field(ge=0)] = 0
    """epochs of painting hidden patches before anything is learned; 0 for none"""
    hidden_share: Annotated[float, Field(gt=0, lt=1)] = 0.6
    """share of patches hidden there"""
    product: str | None = None
    """coarse moisture to learn from everywhere first: SMAP L2 or L3, or cells of degrees"""
    product_as: str | None = None
    """catalog entry these files are of; told by their names if not"""
    product_quantity: str = "theta_sca_v"
    """its variable"""
    product_epochs: Annotated[int, Field(ge=1)] = 60
    """epochs of that stage"""
    product_chips: Annotated[int, Field(ge=1)] = 2000
    """windows drawn for both stages without stations, at most"""
    scratch: bool = False
    """train each network also on stations alone, to see what the stages before them are worth"""
    batch_size: Annotated[int, Field(ge=1)] = 16
    """windows in a batch"""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 1e-3
    """step size while the product is learned, and of stations where nothing was before"""
    station_learning_rate: Annotated[float, Field(gt=0, le=1)] = 1e-4
    """step size while stations are learned after a product"""
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 0.8
    """ratio of the step sizes of neighbouring layers then, smaller towards the image"""
