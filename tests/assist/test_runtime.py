"""Networks in ONNX files, run by whichever runtime is there."""

import numpy as np
import pytest

from maskwright.assist import runtime
from maskwright.assist.runtime import open_network, runtimes
from maskwright.base.errors import MaskwrightError, WeightsError

onnx = pytest.importorskip("onnx", reason="making a tiny network needs onnx (the dev extra)")
needs_runtime = pytest.mark.skipif(not runtimes(), reason="neither OpenVINO nor ONNX Runtime is installed")
X = np.array([[1.0, -2.0, 3.0]], np.float32)


@pytest.fixture
def network(tmp_path):
    """relu(2 * x) + 1, whose insides are called `doubled` and `cut`."""
    helper = onnx.helper
    number = onnx.TensorProto.FLOAT
    constants = [helper.make_tensor("two", number, [1], [2.0]), helper.make_tensor("one", number, [1], [1.0])]
    nodes = [
        helper.make_node("Mul", ["x", "two"], ["doubled"]),
        helper.make_node("Relu", ["doubled"], ["cut"]),
        helper.make_node("Add", ["cut", "one"], ["y"]),
    ]
    ends = [[helper.make_tensor_value_info(name, number, [1, 3])] for name in ("x", "y")]
    graph = helper.make_graph(nodes, "tiny", *ends, constants)
    path = tmp_path / "tiny.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), path)
    return path


@needs_runtime
@pytest.mark.parametrize("name", runtimes())
def test_outputs_are_computed(network, name):
    np.testing.assert_allclose(open_network(network, runtime=name)({"x": X})[0], [[3, 1, 7]], rtol=1e-2)


@needs_runtime
@pytest.mark.parametrize("name", runtimes())
def test_tensors_of_the_inside_are_had_in_the_order_of_asking(network, name):
    cut, doubled = open_network(network, outputs=("cut", "doubled"), runtime=name)({"x": X})
    np.testing.assert_allclose(doubled, [[2, -4, 6]], rtol=1e-2)
    np.testing.assert_allclose(cut, [[2, 0, 6]], rtol=1e-2)


@needs_runtime
@pytest.mark.parametrize("name", runtimes())
def test_a_single_input_may_have_any_name_and_unknown_ones_are_left_out(network, name):
    run = open_network(network, runtime=name)
    np.testing.assert_allclose(run({"picture": X})[0], [[3, 1, 7]], rtol=1e-2)
    np.testing.assert_allclose(run({"x": X, "other": X})[0], [[3, 1, 7]], rtol=1e-2)


@needs_runtime
def test_a_file_that_is_no_network_is_named(tmp_path):
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"no network")
    with pytest.raises(WeightsError, match=r"broken\.onnx: is no network that can be run here"):
        open_network(path)
    with pytest.raises(WeightsError, match=r"missing\.onnx: cannot be read"):
        open_network(tmp_path / "missing.onnx")


def test_without_a_runtime_what_to_install_is_said(network, monkeypatch):
    monkeypatch.setattr(runtime, "runtimes", lambda: ())
    with pytest.raises(MaskwrightError, match=r"pip install 'maskwright\[fast\]'"):
        open_network(network)
