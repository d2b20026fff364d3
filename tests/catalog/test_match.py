"""Which offers are the machine that was measured."""

from benchbench.catalog import catalogue, silicon
from benchbench.catalog.match import match
from benchbench.record import Cloud, Memory, Virtualisation
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


def test_names_in_any_form() -> None:
    """Azure's names are met with and without their prefix, in any case."""
    azure = factories.offer(provider="azure", instance="Standard_D4as_v5")
    listed = catalogue.from_offers([azure])
    for name in ("Standard_D4as_v5", "d4AS_v5", "STANDARD_D4AS_V5"):
        rented = factories.rented("azure", name)
        found = match(factories.system(cloud=rented), listed, SILICON)
        assert (found.kind, found.instances) == ("instance", ("azure/Standard_D4as_v5",))


def test_a_contradicted_name_is_not_believed() -> None:
    """Who claims a100x8 while another GPU is seen, or a CPU type with a GPU, is corrected."""
    claimed = Cloud(provider="aws", instance_type="a100x8", source="flag")
    h100 = factories.accelerator(name="NVIDIA H100 80GB HBM3", pci_id="10de:2330")
    found = match(factories.system(accelerators=(h100,), cloud=claimed), CATALOG, SILICON)
    assert found.kind == "none"
    assert "A100-SXM4-80GB, and H100-SXM5-80GB is seen" in found.because
    claimed = Cloud(provider="aws", instance_type="c6a.xlarge", source="flag")
    found = match(factories.gpu_system(8, cloud=claimed), CATALOG, SILICON)
    assert (found.kind, found.instances) == ("silicon", ("aws/a100x8",))
    assert "no accelerator" in found.because


def test_fewer_devices_are_no_contradiction() -> None:
    """A container that sees one of eight GPUs is still on that instance."""
    rented = factories.rented("aws", "a100x8")
    assert match(factories.gpu_system(1, cloud=rented), CATALOG, SILICON).kind == "instance"


def test_share_of_a_socket() -> None:
    """Two of the 64 cores of a Milan socket are a thirty-second of it."""
    assert match(factories.system(), CATALOG, SILICON).socket_share_fraction == 2 / 64


def test_a_guest_that_hides_its_cores() -> None:
    """Four processors without hyper-threads in a guest may be four cores or four vCPU."""
    cpu = factories.cpu(cores=4, threads=4, threads_per_core=1, usable_cores=4, usable_threads=4)
    guest = factories.system(cpu=cpu, virtualisation=Virtualisation(hypervisor="kvm"))
    found = match(guest, CATALOG, SILICON)
    assert found.instances == ("aws/c6a.xlarge",)
    assert "does not say which" in found.because


def test_memory_tells_sizes_apart() -> None:
    """Of two instances with as many cores the one whose memory fits is meant."""
    large = factories.offer(instance="r6a.xlarge", memory_bytes=32 * factories.GIB)
    listed = catalogue.from_offers([factories.offer(), large])
    seen = factories.system(memory=Memory(total_bytes=31 * factories.GIB))
    assert match(seen, listed, SILICON).instances == ("aws/r6a.xlarge",)


def test_unknown_silicon_contradicts_no_name() -> None:
    """Who names the instance knows more than we do of its processor."""
    claimed = Cloud(provider="aws", instance_type="c6a.xlarge", source="flag")
    cpu = factories.cpu(model="Abacus", family=1, model_number=1)
    found = match(factories.system(cpu=cpu, cloud=claimed), CATALOG, SILICON)
    assert (found.kind, found.instances) == ("instance", ("aws/c6a.xlarge",))
