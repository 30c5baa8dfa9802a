"""Reads a file of originals: every anomaly is reported, and every person comes out as three records."""

from lxml.etree import _Element

from producers.intake.dmfa.block_types import CONTRIBUTIONS, HEAD, TIME, UNREAD, BlockRecord, BlockRecords
from producers.intake.dmfa.declaration import Declaration, DeclaredPerson, employer_of, without_unread
from producers.intake.dmfa.form_walk import PERSON, VEHICLE, FormWalk


class Walk(FormWalk[Declaration, DeclaredPerson]):
    """One reading of one file of originals."""

    def _declaration(self, form: BlockRecord, head: BlockRecord, name: str) -> Declaration:
        quarter, trusteeship = str(head.get("quarter") or ""), bool(head.get("trusteeship"))
        return Declaration(form, head, name, employer_of(head), quarter, trusteeship)

    def _keep(self, declaration: Declaration, kind: int, records: BlockRecords, unread: int) -> DeclaredPerson | None:
        if kind == PERSON:
            declaration.owed.add_person(records[CONTRIBUTIONS])
            if unread:
                for record in records:
                    without_unread(record)
                records[TIME][UNREAD] = True
            return DeclaredPerson(declaration, records)
        if kind == VEHICLE:
            declaration.vehicles.append(records[HEAD])
        else:
            declaration.unrelated.append(records[HEAD])
            declaration.owed.add(records[HEAD].get("amount"))
        return None

    def _at_end(self, element: _Element) -> None:
        declaration = self.declarations[-1]
        if not declaration.persons and not declaration.unrelated:
            message = "The declaration is about nobody. Add a person, or a contribution that is not bound to one."
            self.anomalies.tell(element, "90017-090", "NaturalPerson", message, below="NaturalPerson")
        difference = declaration.owed.differs(declaration.head.get("net_owed"))
        if difference:
            self.anomalies.tell(element, "00015-007", "NetOwedAmount", difference, below="NetOwedAmount")
