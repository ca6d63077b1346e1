from ctr_env.evaluation.report.labels import nominal_episodes, with_full_names
from ctr_env.evaluation.report.study_data import Episode


def episode(system="noisy", scenario="static", **parameters):
    return Episode("cell", system, scenario, 0, None, parameters, {})


def names(episodes):
    return [(each.system, each.scenario) for each in with_full_names(episodes)]


def test_controllers_that_are_an_axis_make_systems():
    assert names([episode(controller="pbvs"), episode(controller="ibvs")]) == [
        ("noisy, pbvs", "static"),
        ("noisy, ibvs", "static"),
    ]


def test_robots_that_are_an_axis_make_scenarios():
    assert names([episode(robot="panda"), episode(robot="baxter", scenario="static")]) == [
        ("noisy", "panda, static"),
        ("noisy", "baxter, static"),
    ]
    assert names([episode(scenario="", robot="panda"), episode(scenario="", robot="baxter")])[1] == ("noisy", "baxter")


def test_what_belongs_to_a_system_is_not_repeated():
    assert names([episode("a", controller="pbvs"), episode("b", controller="ibvs")]) == [
        ("a", "static"),
        ("b", "static"),
    ]


def test_nominal_episodes_have_the_most_frequent_value_of_what_is_varied_one_at_a_time():
    episodes = [episode(delay=d, noise=n) for d, n in ((0, 0), (1, 0), (2, 0), (0, 3), (0, 4))]
    (nominal,) = nominal_episodes(episodes, ["delay", "noise"])
    assert nominal.parameters == {"delay": 0, "noise": 0}
    assert nominal_episodes(episodes, []) == tuple(episodes)


def test_a_study_without_named_systems_is_told_apart_by_its_axes():
    found = names([episode("base", controller="pbvs"), episode("base", controller="ibvs")])
    assert found == [("pbvs", "static"), ("ibvs", "static")]
    assert names([episode("base")]) == [("base", "static")]
