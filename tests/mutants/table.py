"""The whole table of mutants, room by room."""

from __future__ import annotations

from tests.mutants import (
    table_engine,
    table_input,
    table_platform,
    table_requirements,
    table_seam,
    table_store,
    table_window,
)
from tests.mutants.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = (
    *table_engine.MUTANTS,
    *table_store.MUTANTS,
    *table_seam.MUTANTS,
    *table_input.MUTANTS,
    *table_platform.MUTANTS,
    *table_requirements.MUTANTS,
    *table_window.MUTANTS,
)
