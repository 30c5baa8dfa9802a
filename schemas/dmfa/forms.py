"""The two forms that declare a quarter, originals and updates: what each calls its parts, and the blocks of both."""

from dataclasses import dataclass
from functools import cache

from schemas.dmfa.tables import ROOT, Block, blocks
from schemas.dmfa.update_tables import UPDATE_ROOT, update_blocks


@dataclass(frozen=True, slots=True)
class DmfaForm:
    """What a form calls its parts. `form` is the key of its form block, `units` are read one by one, in this order."""

    number: str
    """The block number of the root, which is the file."""
    root: str
    form: str
    declaration: str
    units: tuple[str, str, str]


ORIGINAL = DmfaForm(
    "90169", ROOT, "Form", "EmployerDeclaration", ("NaturalPerson", "CompanyVehicle", "ContributionUnrelatedToNP")
)
UPDATE = DmfaForm(
    "90217",
    UPDATE_ROOT,
    f"{UPDATE_ROOT}/Form",
    "EmployerDeclarationUpdate",
    ("NaturalPersonUpdate", "CompanyVehicleUpdateAction", "ContributionUnrelatedToNPUpdate"),
)
FORMS = {form.root: form for form in (ORIGINAL, UPDATE)}


@cache
def all_blocks() -> dict[str, Block]:
    """Every block of either form by its XML name, the form block of an update by its key."""
    updates = update_blocks()
    return (
        blocks() | {name: block for name, block in updates.items() if name != "Form"} | {UPDATE.form: updates["Form"]}
    )


@cache
def elements() -> frozenset[str]:
    """The XML name of the roots and of every block and zone of either form."""
    found = all_blocks().values()
    return frozenset(
        {*FORMS, *(block.element for block in found), *(zone.element for block in found for zone in block.zones)}
    )


@cache
def repeated() -> frozenset[str]:
    """The XML names of the blocks that may occur several times in their parent."""
    return frozenset(block.element for block in all_blocks().values() if block.repeats)
