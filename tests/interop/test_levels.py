"""Whatever level or language a model is exported in, it is the same model."""

import functools
from pathlib import Path

import pytest
from interop_models import DOSED, NAMES, committed, distance, exported, ours, simulated, stimulated, times

from jakinib.build import check
from jakinib.build.sbml import translate
from jakinib.export import FORMATS
from jakinib.simulate import Model, load

LEVELS = [form for form in FORMATS if form.startswith("sbml")]


@functools.cache
def written(name: str, form: str) -> str:
    """The stimulated model in one format."""
    return exported(Model(stimulated(name)), form)


@pytest.mark.parametrize("form", [*LEVELS, "antimony"])  # what is read again; test_javascript runs the rest
@pytest.mark.parametrize("name", NAMES)
def test_every_format_gives_the_same_trajectory(name: str, form: str, tmp_path: Path) -> None:
    source = Model(stimulated(name))
    path = tmp_path / ("model.ant" if form == "antimony" else "model.xml")
    path.write_text(written(name, form), encoding="utf-8")
    again = simulated(load(path).sbml, times(name), source.species)
    assert distance(ours(name), again) < 1e-10


@pytest.mark.parametrize("name", NAMES)
def test_level_3_version_2_is_the_source_unchanged(name: str) -> None:
    assert exported(Model(committed(name)), "sbml-l3v2") == committed(name)


@pytest.mark.parametrize("form", LEVELS)
@pytest.mark.parametrize("name", NAMES)
def test_every_level_is_valid_and_only_level_2_loses_the_units_of_numbers(name: str, form: str) -> None:
    messages = check(written(name, form))
    if form == "sbml-l2v4":
        messages = [m for m in messages if "literal numbers" not in m or ": Warning: " not in m]
    assert messages == []


@pytest.mark.parametrize("name", NAMES)
def test_antimony_goes_back_to_clean_sbml(name: str) -> None:
    assert check(translate(written(name, "antimony"), name)) == []


@pytest.mark.parametrize("form", LEVELS)
def test_the_file_says_its_level(form: str) -> None:
    level, version = form[-3], form[-1]
    assert f'level="{level}" version="{version}"' in exported(Model(committed(DOSED[0])), form)[:300]
