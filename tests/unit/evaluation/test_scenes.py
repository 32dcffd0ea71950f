"""Which videos show one scene, as the user says it."""

import pytest

from vidmbench.core.errors import DataError, UsageError
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.scenes import notes_of_scenes, scenes_of

UCF = ("Bowling/v_Bowling_g01_c01.avi", "Bowling/v_Bowling_g01_c02.avi", "Diving/v_Diving_g01_c01.avi")


def test_folders_and_patterns():
    assert scenes_of("folder", UCF) == ("Bowling", "Bowling", "Diving")
    assert scenes_of("v_.*_g[0-9]+", UCF) == ("v_Bowling_g01", "v_Bowling_g01", "v_Diving_g01")
    assert scenes_of("_(c[0-9]+)", UCF) == ("c01", "c02", "c01")


def test_a_table(tmp_path):
    table = tmp_path / "scenes.csv"
    table.write_text("video,scene\na.mp4,one\nb.mp4, two\n\nc,one\n", "utf-8-sig")
    assert scenes_of(str(table), ("a.mp4", "b.avi", "c.mp4")) == ("one", "two", "one")
    with pytest.raises(DataError) as found:
        scenes_of(str(table), ("a.mp4", "d.mp4"))
    assert found.value.found == "none for d.mp4"
    for wrong in ("a.mp4\n", "a.mp4,one\na.mp4,two\n", "a.mp4,\n"):
        table.write_text(wrong)
        with pytest.raises(DataError, match="a row that cannot be used"):
            scenes_of(str(table), ("a.mp4",))


@pytest.mark.parametrize("rule", ["[", "nowhere.csv", "*"])
def test_rules_that_cannot_be_read_are_refused_at_once(rule):
    with pytest.raises(UsageError, match="scenes"):
        Choices(scenes=rule)


def test_videos_without_a_scene_and_one_scene_for_all():
    with pytest.raises(DataError, match="videos without a scene"):
        scenes_of("folder", ("a.mp4", "b/c.mp4"))
    with pytest.raises(DataError, match="all videos are of one scene"):
        scenes_of("v_", UCF)


def test_notes():
    assert notes_of_scenes(()) == []
    assert notes_of_scenes("aabbccdd") == ["8 videos show 4 scenes: intervals are over scenes"]
    assert notes_of_scenes("aab")[0].startswith("no interval: ")
