"""Electricity that a stretch of a run takes, as codecarbon measures or estimates it; nothing is sent or written."""

import logging
import warnings
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from types import TracebackType
from typing import Any

from harness.errors import ResourceError


def require_codecarbon() -> None:
    """Refuses to go on where codecarbon is missing.

    Raises:
        ResourceError: It is not installed.
    """
    if find_spec("codecarbon") is None:
        raise ResourceError("energy=true needs codecarbon, the extra `energy` of this package: pip install codecarbon")


class EnergyMeter:
    """Runs while it is entered; afterwards `used` says what was read.

    `used` has `kwh` and its parts `cpu_kwh`, `gpu_kwh` and `ram_kwh`, and `by`: the version of codecarbon. It is None
    before, and where codecarbon read nothing. No emissions are made of it: they hang on where and when the electricity
    was made.
    """

    def __init__(self) -> None:
        self.used: dict[str, Any] | None = None
        self._tracker: Any = None

    def __enter__(self) -> "EnergyMeter":
        require_codecarbon()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            codecarbon = import_module("codecarbon")
            # It warns of what it does not know of a machine, on every start.
            logging.getLogger("codecarbon").setLevel(logging.CRITICAL)
            # A forced intensity asks no table and no server for one. What a user's own file says of outputs counts
            # for nothing here, so that nothing leaves the machine.
            self._tracker = codecarbon.OfflineEmissionsTracker(
                force_carbon_intensity_g_co2e_kwh=0.0,
                output_methods=[],
                output_handlers=[],
                output_dir=".",
                emissions_endpoint=None,
                electricitymaps_api_token=None,
                cloud_provider=None,
                pue=1.0,
                tracking_mode="machine",
                allow_multiple_runs=True,
                log_level="critical",
            )
            self._tracker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._tracker.stop()
        # Its faults are only logged; then there are no data.
        read = getattr(self._tracker, "final_emissions_data", None)
        if read is not None:
            parts = {f"{name}_kwh": float(getattr(read, f"{name}_energy")) for name in ("cpu", "gpu", "ram")}
            self.used = {"kwh": float(read.energy_consumed), **parts, "by": f"codecarbon {version('codecarbon')}"}
