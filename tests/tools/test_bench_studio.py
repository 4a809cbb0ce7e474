"""The bench of the studio's page says what it says it measures."""

from tools.bench.studio import main


def test_paint_and_frames(capsys):
    assert main(["--seconds", "1"]) == 0
    said = {line[:22].strip(): line[22:].split() for line in capsys.readouterr().out.splitlines()}
    assert float(said["first paint"][0]) > 0
    assert float(said["frames a second"][0]) > 0
    assert float(said["drawing six channels"][0]) > 0
