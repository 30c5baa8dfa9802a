"""Lists every field the rules read, so that their deliberation grants exactly these.

Paths are dotted paths into the full contract. The envelope of a narrowed copy (event, declaration, version, status,
quarter, employer, person) comes with every copy and is not repeated here.
"""

WAGES = (
    "lines.employer_class",
    "lines.worker_code",
    "lines.occupations.number",
    "lines.occupations.remunerations.code",
    "lines.occupations.remunerations.amount",
)
WORKING_TIME = (
    "lines.employer_class",
    "lines.worker_code",
    "lines.occupations.number",
    "lines.occupations.start",
    "lines.occupations.end",
    "lines.occupations.joint_committee",
    "lines.occupations.days_per_week",
    "lines.occupations.contract_type",
    "lines.occupations.reference_hours",
    "lines.occupations.mean_hours",
    "lines.occupations.services.code",
    "lines.occupations.services.days",
    "lines.occupations.services.hours",
    "unread",
)
CONTRIBUTIONS = (
    "lines.employer_class",
    "lines.worker_code",
    "lines.occupations.number",
    "lines.occupations.deductions.code",
    "lines.occupations.deductions.amount",
    "lines.occupations.deductions.right_start",
    "lines.occupations.deductions.detail.origin_on",
    "lines.occupations.deductions.detail.hours_before",
    "lines.occupations.deductions.detail.hours_after",
    "lines.contributions.code",
    "lines.deductions.code",
    "lines.deductions.amount",
    "lines.deductions.right_start",
)
ENTITLEMENTS = ("kind", "nature", "from", "until")

NEEDS: dict[str, tuple[str, ...]] = {
    "declarations.wages": WAGES,
    "declarations.working-time": WORKING_TIME,
    "declarations.contributions": CONTRIBUTIONS,
    "declarations.entitlements": ENTITLEMENTS,
}
"""By contract, the fields the rules read."""
