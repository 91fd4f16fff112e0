"""The resources of the caseload: each type of record, by which path, in which shape, and who may read and write it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from access.grants import Deed
from api import caseload_records as records
from api.shapes import Shape


@dataclass(frozen=True, slots=True)
class Resource:
    """``kind`` is the record's type, ``plural`` the path's word; ``filters`` are parameters of its list.

    ``listed`` and ``shown``: whether its list and its page are made here; those of wearers and devices say more than the record.
    """

    kind: str
    plural: str
    shape: type[Shape]
    read: Deed
    write: Deed
    filters: tuple[str, ...] = ()
    listed: bool = True
    shown: bool = True


RESOURCES: Final = (
    # Who sees whom hangs on areas: they are written by whoever writes accounts.
    Resource("area", "areas", records.AreaRecord, Deed.READ_SELF, Deed.WRITE_ACCOUNTS, ("parent",)),
    Resource(
        "wearer", "wearers", records.WearerRecord, Deed.READ_WEARERS, Deed.WRITE_CASELOAD, listed=False, shown=False
    ),
    Resource("victim", "victims", records.VictimRecord, Deed.READ_VICTIMS, Deed.WRITE_VICTIMS),
    Resource("device", "devices", records.DeviceRecord, Deed.READ_DEVICES, Deed.WRITE_DEVICES, listed=False),
    Resource(
        *("fitting", "fittings", records.FittingRecord, Deed.READ_FITTINGS, Deed.WRITE_FITTINGS),
        filters=("wearer", "victim", "device", "at"),
    ),
    Resource(
        *("order", "orders", records.OrderRecord, Deed.READ_ORDERS, Deed.WRITE_CASELOAD),
        filters=("wearer", "area", "at"),
    ),
    Resource(
        *("condition", "conditions", records.ConditionRecord, Deed.READ_ORDERS, Deed.WRITE_CASELOAD),
        filters=("wearer", "order", "zone", "at"),
    ),
    Resource("zone", "zones", records.ZoneRecord, Deed.READ_ZONES, Deed.WRITE_CASELOAD, ("area",)),
    Resource(
        *("absence", "absences", records.AbsenceRecord, Deed.READ_ORDERS, Deed.WRITE_ABSENCES),
        filters=("wearer", "condition", "at"),
    ),
    Resource(
        *("suspension", "suspensions", records.SuspensionRecord, Deed.READ_ORDERS, Deed.WRITE_CASELOAD),
        filters=("wearer", "order", "at"),
    ),
    Resource(
        *("visit", "visits", records.VisitRecord, Deed.READ_VISITS, Deed.WRITE_VISITS),
        filters=("wearer", "from", "to"),
    ),
    Resource(
        *("equipment_check", "equipment_checks", records.EquipmentCheckRecord),
        *(Deed.READ_FITTINGS, Deed.WRITE_FITTINGS, ("device", "from", "to")),
    ),
    Resource(
        *("assessment", "assessments", records.AssessmentRecord, Deed.READ_ASSESSMENTS, Deed.WRITE_ASSESSMENTS),
        filters=("wearer", "violation", "from", "to"),
    ),
)
OF_TYPE: Final = {resource.kind: resource for resource in RESOURCES}
