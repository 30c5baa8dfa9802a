"""What is generated is valid by NSSO's own schema; these tests exist wherever that schema is at hand."""

from pathlib import Path

import pytest
from lxml import etree

from population.generate import generate

SCHEMAS = sorted((Path(__file__).parents[2].parent / "shared" / "dmfa" / "xsd").glob("DmfAOriginal_*.xsd"))

if SCHEMAS:

    @pytest.mark.parametrize("schema", SCHEMAS, ids=lambda path: path.stem)
    @pytest.mark.parametrize("quarter", ["2026Q3", "2022Q4", "2017Q1"])
    def test_generated_declarations_are_valid_by_the_official_schema(
        schema: Path, quarter: str, tmp_path: Path
    ) -> None:
        generate(250, quarter, tmp_path, due=lambda _: {"495/1": {"3000": 5}, "015/1": {"0001": 5}})
        official = etree.XMLSchema(etree.parse(str(schema)))
        for path in tmp_path.glob("*.xml"):
            official.assertValid(etree.parse(str(path)))
