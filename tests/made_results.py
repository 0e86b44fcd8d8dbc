# SPDX-License-Identifier: Apache-2.0
"""Result documents for tests of what reads them: made, not measured.

    document = result(hosts=2, nics=8, figure=lambda cell: 388.0)
    fail(cell_at(document, 3, 5), "MCB-RDMA-013")
    write(document, "today.json")

Endpoints are numbered by host, NIC, memory; each is the initiator of a path to each, itself included, so that e
endpoints make e * e cells a setting, in the order of setting, initiator, target.
"""
import itertools
import json


def nic(number, software=False, link_gbps=400.0):
    return {
        "name": f"mlx5_{number}", "port": 1, "numa_node": number // 4, "pci_address": f"0000:{0x19 + number:02x}:00.0",
        "driver": "mlx5_core", "state": "active", "link_gbps": link_gbps, "data_gbps": link_gbps,
        "firmware": "28.39.1002", "device_id": "0x15b3:0x1021", "board": "MT_0000000838", "node_guid": "0x1",
        "software": software, "link_layer": "Ethernet", "active_mtu_bytes": 4096, "gid_index": 3,
        "gid": f"::ffff:10.0.0.{number + 1}", "gid_type": "RoCE v2", "pcie_gtps": 32.0, "pcie_lanes": 16,
        "pcie_max_payload_bytes": 256,
    }


def gpu(name, stand_in=False):
    number = int(name.split(":")[1])
    return {
        "name": name, "model": "NVIDIA H200", "pci_address": f"0000:{0x40 + number:02x}:00.0", "uuid": f"GPU-{number}",
        "driver": "580.65.06", "runtime": "13.0", "capability": "9.0", "memory_bytes": 141 * 10**9,
        "integrated": False, "numa_node": 0, "gpudirect": True, "dmabuf": True, "flush": "none",
        "flush_reason": None, "stand_in": stand_in, "distances": {}, "near_nics": [], "pcie_gtps": 32.0,
        "pcie_lanes": 16, "pcie_from_memory_gbps": 467.6, "pcie_to_memory_gbps": 460.9, "pcie_bottleneck": None,
    }


def opened(nic_name, memory):
    method = "reg_mr_iova2" if memory.startswith("cpu:") else "dmabuf"
    return {
        "nic": nic_name, "memory": memory, "bounce": None if method == "reg_mr_iova2" else "cpu:0",
        "roles": ["initiator", "target"],
        "registration": {"method": method, "registered_bytes": 8 << 20, "regions": 1, "register_ms": 0.5,
                         "others": None, "proved": None},
        "placement": None,
    }


def host(name, rank, nics, memories, software=False, stand_in=False):
    parts = [nic(number, software) for number in range(nics)]
    return {
        "host": name, "rank": rank, "kernel": "6.1.0-31-amd64", "cpu": "INTEL(R) XEON(R) PLATINUM 8580", "cpus": 240,
        "numa_nodes": 2, "memory_bytes": 2 << 40, "nics": parts,
        "gpus": [gpu(memory, stand_in) for memory in memories if not memory.startswith("cpu:")],
        "endpoints": [opened(part["name"], memory) for part in parts for memory in memories],
    }


def latency(median):
    return {"min": median * 0.9, "p50": median, "p90": median * 1.1, "p99": median * 1.4, "p999": median * 2.2,
            "max": median * 9, "mean": median * 1.03, "stdev": median * 0.05, "samples": 100000}


def cell(initiator, target, setting, trials, ceiling_gbps):
    made = {
        "initiator": dict(initiator), "target": dict(target), "round": 0, "operation": setting["operation"],
        "measure": setting["measure"], "route": setting["route"], "bidirectional": False,
        "size_bytes": setting["size_bytes"], "qps": 1, "depth": 128, "signal_every": 16, "inline_bytes": 0,
        "relaxed_ordering": {"requested": setting["ordering"], "effective": setting["ordering"], "reason": ""},
        "registration": "dmabuf" if target["memory"].startswith("cuda") else "reg_mr_iova2", "method": "completion",
        "status": "ok", "fault": None, "ceiling_gbps": None, "ceiling_from": None, "ceiling_at": None,
        "verified_bytes": 1 << 30, "corrupt_bytes": 0,
    }
    ordered = sorted(trials)
    median = ordered[len(ordered) // 2]
    if setting["measure"] == "latency":
        made.update(latency_us=latency(median), method="write-imm")
        return made
    made["bandwidth_gbps"] = {"median": median, "low": ordered[0], "high": ordered[-1], "trials": trials}
    made["message_rate_mops"] = median / 8 / setting["size_bytes"] * 1e3
    if ceiling_gbps:
        made.update(ceiling_gbps=ceiling_gbps, ceiling_from="link", ceiling_at="both")
    return made


def usual(setting):
    return {"operation": "write", "measure": "bandwidth", "route": "direct", "ordering": "off",
            "size_bytes": 65536, **setting}


def scatter(value, number, trials=5):
    """Trials within half a per cent, the same in every run of a test."""
    return [value * (1 + ((number * 7 + trial * 5) % 11 - 5) / 1000) for trial in range(trials)]


def result(hosts=2, nics=8, memories=("cpu:0",), settings=({},), figure=None, ceiling_gbps=392.0, prefix="n",
           started="2026-11-22T09:14:02Z", software=False, stand_in=False, **members):
    """figure(number of the setting, of the initiator, of the target): the median of a cell."""
    names = [f"{prefix}{number + 1}" for number in range(hosts)]
    listed = [host(name, rank, nics, memories, software, stand_in) for rank, name in enumerate(names)]
    endpoints = [{"host": one["host"], "nic": end["nic"], "memory": end["memory"]}
                 for one in listed for end in one["endpoints"]]
    cells = []
    for number, given in enumerate(settings):
        setting = usual(given)
        for (row, initiator), (column, target) in itertools.product(enumerate(endpoints), repeat=2):
            value = figure(number, row, column) if figure else 388.0
            cells.append(cell(initiator, target, setting, scatter(value, row * 13 + column * 5), ceiling_gbps))
    return {
        "schema": "mcbench-result/1", "tool": {"name": "mcbench", "version": "0.1.0"},
        "command": ["mcbench", "cpu", "--verify", "--job", "night run"],
        "settings": {"qps": {"value": "1", "from": "default"}, "verify": {"value": "true", "from": "option"},
                     "relaxed-ordering": {"value": "off", "from": "variable", "variable": "MC_IB_PCI_RELAXED_ORDERING"}},
        "started": started, "finished": started,
        "job": {"method": "etcd" if hosts > 1 else "local", "name": "night run" if hosts > 1 else None, "ranks": hosts},
        "transport": {"name": "rdma", "because": ""}, "hosts": listed, "status": "complete", "fault": None,
        "warnings": [], "cells": cells, "findings": [], **members,
    }


def cell_at(document, row, column, setting=0):
    ends = sum(len(one["endpoints"]) for one in document["hosts"])
    return document["cells"][(setting * ends + row) * ends + column]


def fault(identity, title="a title", detail="a detail", cause="a cable", fix="plug it in"):
    return {"id": identity, "title": title, "detail": detail, "cause": cause, "fix": fix}


def fail(which, made, status="failed"):
    for member in ("bandwidth_gbps", "message_rate_mops", "latency_us"):
        which.pop(member, None)
    which.update(status=status, fault=made, ceiling_gbps=None, ceiling_from=None, ceiling_at=None, verified_bytes=0)


def write(document, path):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file)
