"""Which offers are the machine that was measured."""

from benchbench.catalog import catalogue, silicon
from benchbench.catalog.match import match
from benchbench.record import Cloud
from tests import factories

SILICON = silicon.load()
CATALOG = catalogue.from_offers(
    [
        factories.offer(),
        factories.offer(instance="c6a.4xlarge", vcpu=16.0, cores=8.0),
        factories.gpu_offer(1),
        factories.gpu_offer(8),
    ]
)


def test_exact_instance() -> None:
    """What the cloud says it is, it is."""
    rented = factories.rented("aws", "c6a.xlarge")
    found = match(factories.system(cloud=rented), CATALOG, SILICON)
    assert (found.kind, found.instances) == ("instance", ("aws/c6a.xlarge",))
    assert "metadata" in found.because


def test_a_flag_is_not_metadata() -> None:
    """What the user claimed is told as the user's claim."""
    flagged = Cloud(provider="aws", instance_type="c6a.xlarge", source="flag")
    assert "you said so" in match(factories.system(cloud=flagged), CATALOG, SILICON).because


def test_same_silicon_same_size() -> None:
    """A machine at home with two Milan cores is like c6a.xlarge, not like the larger one."""
    found = match(factories.system(), CATALOG, SILICON)
    assert (found.kind, found.instances, found.silicon) == (
        "silicon",
        ("aws/c6a.xlarge",),
        "EPYC-Milan",
    )


def test_unlisted_instance_falls_back() -> None:
    """An instance the catalogue lacks is matched by its silicon, and the reason says both."""
    rented = factories.rented("aws", "p4de.24xlarge")
    found = match(factories.gpu_system(8, cloud=rented), CATALOG, SILICON)
    assert (found.kind, found.instances) == ("silicon", ("aws/a100x8",))
    assert "p4de.24xlarge is not in the catalogue" in found.because


def test_other_number_of_the_same() -> None:
    """Three A100 are nobody's instance; those with another number are named as such."""
    found = match(factories.gpu_system(3), CATALOG, SILICON)
    assert found.instances == ("aws/a100x1", "aws/a100x8")
    assert "another number" in found.because


def test_different_devices() -> None:
    """A machine of two kinds of GPU is no instance."""
    devices = (
        factories.accelerator(),
        factories.accelerator(device="cuda:1", name="NVIDIA A30", pci_id=None, memory_bytes=None),
    )
    assert match(factories.system(accelerators=devices), CATALOG, SILICON).kind == "none"


def test_unknown_and_unsold() -> None:
    """Unknown silicon and silicon nobody rents out match nothing, each with its reason."""
    unknown = factories.system(cpu=factories.cpu(model="Abacus", family=1, model_number=1))
    assert "not in cpus.toml" in match(unknown, CATALOG, SILICON).because
    unsold = factories.system(cpu=factories.cpu(model="AMD EPYC 9R14", model_number=17))
    assert "nobody offers EPYC-Genoa" in match(unsold, CATALOG, SILICON).because
