"""A managed service against running it oneself: fee, engineers, integration, data."""

from dataclasses import replace

import numpy as np
import pytest

from benchbench.catalog.egress import Tier
from benchbench.tco import cloud, owned, vendor
from benchbench.tco.case import Case, Vendor, total
from tests.tco.cases_tco import answer, case, cost, demand, document, evaluated, named

_PRICES = {
    "vendor.usd_per_unit": 0.002,
    "vendor.usd_per_month": 500.0,
    "vendor.price_change_per_year": 0.0,
    "vendor.staff_fte": 1.0,
    "vendor.self_hosted_fte": 6.0,
    "vendor.engineer_usd_per_year": 120_000.0,
    "vendor.integration_usd": 40_000.0,
    "owned.staff_burden": 1.5,
}
BOUGHT = {"usd_per_unit": 30.0, "staff_fte": 1, "self_hosted_fte": 6}


def bought(values: dict[str, float] | None = None, lead: int = 0) -> Case:
    """Half a unit per second in the mean, 3600 units an hour at level 1."""
    return case({**_PRICES, **(values or {})}, vendor=Vendor("Flow", 3600.0, lead))


def test_the_service_line_by_line() -> None:
    """Fee for the units, subscription, one engineer with burden, integration at the start."""
    flows = vendor.flows(bought())
    assert flows["fee"][1] == pytest.approx(0.5 * 730 * 3600 * 0.002)
    assert flows["subscription"][1] == 500
    assert flows["engineers"][1] == pytest.approx(120_000 * 1.5 / 12)
    assert flows["integration"].tolist() == [40_000] + [0] * 48
    assert not flows["bridge"].any()


def test_running_it_oneself_takes_six_engineers_rented_or_owned() -> None:
    """The textbook's one with the service, and five more without."""
    expected = 6 * 120_000 * 1.5 / 12
    for flows in (cloud.on_demand(bought()), owned.flows(bought(), np.ones(48))):
        assert flows["engineers"][1] == pytest.approx(expected)
    assert "engineers" not in cloud.on_demand(case())


def test_until_it_is_integrated_both_run() -> None:
    """Three months of renting with all the engineers, then the service."""
    flows = vendor.flows(bought(lead=3))
    assert np.flatnonzero(flows["bridge"]).tolist() == [1, 2, 3]
    assert np.flatnonzero(flows["running_both"]).tolist() == [1, 2, 3]
    assert np.flatnonzero(flows["fee"])[0] == 4


def test_its_price_may_rise() -> None:
    """10 % a year: a tenth more after twelve months."""
    fee = vendor.flows(bought({"vendor.price_change_per_year": 0.1}))["fee"]
    assert fee[13] == pytest.approx(1.1 * fee[1])


def test_data_leaves_once_at_the_egress_price() -> None:
    """20 TB out of a cloud of $0.05 per GB, in the first month of the service and of owning."""
    moved = replace(
        bought({"cloud.data_gb": 20_000.0}, lead=2), tiers=(Tier(usd_per_gb=0.05),), lead_months=2
    )
    fleet = owned.delivered(moved, 1)
    for flows in (vendor.flows(moved), owned.flows(moved, fleet)):
        assert flows["moving_data"][3] == pytest.approx(1000)
        assert np.count_nonzero(flows["moving_data"]) == 1
    assert "moving_data" not in cloud.on_demand(moved)


def test_working_in_two_places_pays_for_the_traffic_between_them() -> None:
    """One of two machines is rented: what is synchronised is billed, the storage stays."""
    values = {"cloud.sync_gb_per_month": 1000.0, "cloud.storage_usd_per_month": 70.0}
    both = replace(
        case(values, demand=demand(2.0, 1.0)), tiers=(Tier(usd_per_gb=0.09),), lead_months=0
    )
    mixed, alone = owned.flows(both, np.ones(48)), owned.flows(both, np.full(48, 2.0))
    assert mixed["synchronising"][1] == pytest.approx(90)
    assert mixed["storage"][1] == 70
    assert not alone["synchronising"].any()
    assert not alone["storage"].any()


def test_the_service_is_an_alternative_once_it_has_a_price() -> None:
    """With its name, its cost per unit, and how sure that is."""
    found = answer(200, vendor={**BOUGHT, "name": "Flow"})
    service = named(found, "vendor")
    assert service.label == "Bought: Flow"
    assert found.buying is not None
    assert 0 <= found.buying.probability_own_cheaper <= 1
    assert "vendor" not in {one.name for one in answer().alternatives}


def test_dearer_engineers_never_favour_running_it_oneself() -> None:
    """Monotone: six against one."""
    saved = []
    for wage in (60_000, 120_000, 240_000):
        found = answer(vendor={**BOUGHT, "engineer_usd_per_year": wage})
        saved.append(cost(found, "on_demand") - cost(found, "vendor"))
    assert saved == sorted(saved)


def test_questions_move_no_figure() -> None:
    """Reasons stand beside the money: two opposite sets of answers, the same costs."""
    build = {"stage": "established", "advantage": "core", "market": "immature", "data": "must_stay"}
    buy = {"stage": "exploring", "advantage": "commodity", "market": "mature", "data": "free"}
    found = [
        evaluated({**document(vendor=BOUGHT), "questions": said}, draws=100)
        for said in (build, buy)
    ]
    assert found[0].alternatives == found[1].alternatives
    assert found[0].uncertainty == found[1].uncertainty
    assert found[0].cheapest == found[1].cheapest
    assert [one.leans for one in found[0].reasons] == ["build"] * 4
    assert [one.leans for one in found[1].reasons] == ["buy", "buy", "buy", "neither"]


def test_an_open_question_says_that_it_is_open() -> None:
    """And how to answer it."""
    reasons = answer(vendor=BOUGHT).reasons
    assert [one.leans for one in reasons] == [None] * 4
    assert "write stage under [questions]" in reasons[0].because


def test_months_add_up_for_the_service_too() -> None:
    """To the cent."""
    service = named(answer(vendor={**BOUGHT, "lead_months": 2}), "vendor")
    assert sum(map(sum, service.months.values())) == pytest.approx(service.total_usd, abs=0.005)
    assert total({k: np.array(v) for k, v in service.months.items()}, 48).sum() == pytest.approx(
        service.total_usd, abs=0.005
    )
