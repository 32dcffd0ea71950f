from vidmbench.core.errors import DataError, ProtocolError, VidmbenchError, unknown


def test_an_error_says_all_it_was_given_in_order():
    error = DataError("it broke", expected="an egg", found="a stone", where="the nest", fix="look again")
    assert str(error) == "it broke\n  expected: an egg\n  found: a stone\n  where: the nest\n  what to do: look again"
    assert isinstance(error, VidmbenchError)
    assert (error.problem, error.expected, error.found) == ("it broke", "an egg", "a stone")


def test_parts_that_were_not_given_are_left_out():
    assert str(VidmbenchError("it broke", fix="mend it")) == "it broke\n  what to do: mend it"


def test_an_unknown_name_proposes_the_nearest():
    error = unknown("protocol", "fvd-stylegan", ["fvd-vidm-paper", "fvd-stylegan-v"], fix="list them")
    assert isinstance(error, ProtocolError)
    assert error.problem.startswith("unknown protocol 'fvd-stylegan': did you mean fvd-stylegan-v")
    assert error.expected == "one of fvd-stylegan-v, fvd-vidm-paper"
    assert error.fix == "list them"


def test_an_unknown_name_like_no_other_proposes_nothing():
    error = unknown("control", "zzzz", ["static"], error=DataError)
    assert isinstance(error, DataError)
    assert error.problem == "unknown control 'zzzz'"


def test_no_known_names_at_all():
    assert unknown("record", "x", []).expected is None


def test_of_many_names_the_family_or_the_families_are_listed():
    many = [f"{word}-{number}" for word in ("fvd", "psnr") for number in range(20)] + ["paired-all"]
    assert unknown("protocol", "zzzz", many).expected == "one of fvd-..., paired-all, psnr-..."
    family = unknown("protocol", "PSNR-x", many).expected
    assert family is not None
    assert family.count("psnr-") == 20
    assert "fvd" not in family
