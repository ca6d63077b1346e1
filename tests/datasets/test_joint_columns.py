import pytest

from ctr_env.datasets.joint_columns import joint_columns
from ctr_env.errors import DataError
from ctr_env.scenes.robots.catalogue import get_robot

PANDA, BAXTER = get_robot("panda"), get_robot("baxter")
JOINTS = list(PANDA.arm_joints)
ORDER = [3, 0, 6, 1, 2, 5, 4]  # of the columns in the tables below


def columns(spell, before=(), after=(), **options):
    """Indices of the columns of a table that spells the joints in some way and another order."""
    header = [*before, *(spell(JOINTS[i]) for i in ORDER), *after]
    return joint_columns(header, [""] * len(header), PANDA, **options)


def expected(offset=0):
    return [ORDER.index(i) + offset for i in range(7)]


@pytest.mark.parametrize(
    "spell",
    [
        str,
        str.upper,
        lambda joint: f"franka/{joint}",
        lambda joint: f"/joint_states/{joint}/position",
        lambda joint: f"position/{joint}",
        lambda joint: f"{joint}.pos",
        lambda joint: f"{joint}_position",
        lambda joint: joint.replace("panda", "fr3"),
        lambda joint: joint.replace("panda", "fer"),
        lambda joint: "left_" + joint,
        lambda joint: "left_" + joint.replace("panda", "fr3"),
    ],
)
def test_joints_are_found_under_the_names_that_tools_give_them(spell):
    assert columns(spell, before=["time"], after=["panda_finger_joint1"]) == expected(1)


def test_velocities_and_efforts_beside_positions_are_left_out():
    after = [f"{quantity}/{joint}" for quantity in ("velocity", "effort") for joint in JOINTS]
    assert columns(lambda joint: f"position/{joint}", after=after) == expected()
    after = [f"{joint}_{quantity}" for quantity in ("vel", "torque") for joint in JOINTS]
    assert columns(str, after=after) == expected()


def test_arrays_of_an_echoed_joint_state_are_read_by_the_names_in_its_rows():
    header = ["%time", *(f"field.{name}{i}" for name in ("name", "position", "velocity") for i in range(8))]
    names = [*(JOINTS[i] for i in ORDER), "panda_finger_joint1"]
    row = ["1700000000000000000", *names, *["0.5"] * 16]
    assert joint_columns(header, row, PANDA) == expected(9)


def test_names_are_mapped_as_wholes_or_by_their_beginning():
    assert columns(lambda joint: joint.replace("panda_joint", "q"), joint_names={"q": "panda_joint"}) == expected()
    mapping = {f"axis {joint[-1]}": joint for joint in JOINTS}
    assert columns(lambda joint: f"axis {joint[-1]}", joint_names=mapping) == expected()
    assert columns(str.upper, joint_names={"PANDA_joint3": "panda_joint3"}) == expected()


def test_a_map_that_fits_no_column_is_an_error():
    with pytest.raises(DataError, match="joint_names: no column begins with 'arm_'.*from names in the file to those"):
        columns(str, joint_names={"arm_": "panda_"})


def test_missing_and_doubled_joints_are_named():
    with pytest.raises(DataError, match=r"no column panda_joint1, .* \(found: iiwa_joint_1, .*--joint-names"):
        joint_columns([f"iiwa_joint_{i}" for i in range(1, 8)], [], PANDA)
    both = [f"{side}/{joint}" for side in ("left", "right") for joint in JOINTS]
    with pytest.raises(DataError, match="two columns are called panda_joint1.*: left/panda_joint1, right/panda_joint1"):
        joint_columns(both, [], PANDA)


def test_families_are_not_confused():
    header = [joint.replace("left_", "panda_") for joint in BAXTER.arm_joints]
    with pytest.raises(DataError, match="no column"):
        joint_columns(header, [], BAXTER)
