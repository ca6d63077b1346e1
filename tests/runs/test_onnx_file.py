import onnx
from onnx import TensorProto, helper

from ctr_env.runs.onnx_file import write_onnx


def test_metadata_are_written_and_stack_traces_are_not(tmp_path):
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
    node = helper.make_node("Relu", ["x"], ["y"])
    node.metadata_props.add(key="pkg.torch.onnx.stack_trace", value='File "/home/someone/model.py"')
    model = helper.make_model(helper.make_graph([node], "graph", ends[:1], ends[1:]))
    write_onnx(model, {"header": "{}"}, tmp_path / "model.onnx")
    found = onnx.load(str(tmp_path / "model.onnx"))
    onnx.checker.check_model(found)
    assert {each.key: each.value for each in found.metadata_props} == {"header": "{}"}
    assert b"someone" not in (tmp_path / "model.onnx").read_bytes()
