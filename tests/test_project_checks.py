"""Each check of `make check` passes on a sound project; on a fault it fails, with exit code 1, and says where."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCSTRING = '"""A part of the package."""\n'


def run(*command: str | Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


# ---------------------------------------------------------------------------------------------------- README


def check_readme(folder: Path, page: str) -> subprocess.CompletedProcess[str]:
    path = folder / "README.md"
    path.write_text(page, encoding="utf-8")
    return run(ROOT / ".ci/check_readme.py", path, folder=folder)


def test_a_readme_whose_blocks_print_what_it_says_passes(tmp_path: Path) -> None:
    page = "```python\nx = 2\n```\ntext between\n```python\nprint(x, 3.14159)\n```\n\n```text\n2 3.14...\n```\n"
    result = check_readme(tmp_path, page)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ("# Title\n\n```python\nx = 1\nx.missing\n```\n", "README.md:5: AttributeError"),
        ("```python\nx = 1\n\nx = = 2\n```\n", "README.md:4: SyntaxError"),
        ("```python\nraise SystemExit(0)\n```\n", "README.md:2: SystemExit"),
        ("```python\nprint(1)\nprint(2)\n```\n\n```text\n1\n3\n```\n", "README.md:8: expected '3', printed '2'"),
        ("```python\nprint(1)\n```\n```output\n1\n2\n```\n", "README.md:6: expected '2', nothing more was printed"),
        ("```python\nprint(1)\nprint(2)\n```\n```text\n1\n```\n", "README.md:7: printed beyond"),
        ("```python\nx = 1\n```\nprose\n```output\n1\n```\n", "README.md:5: this output follows no python block"),
        ("```python\nx = 1\n", "README.md:1: this block is never closed"),
        ("# Only prose\n", "README.md: there is no ```python block"),
    ],
)
def test_a_faulty_readme_fails_and_the_line_is_named(tmp_path: Path, page: str, fault: str) -> None:
    result = check_readme(tmp_path, page)
    assert result.returncode == 1
    assert fault in result.stderr


def test_every_failing_block_of_a_readme_is_reported(tmp_path: Path) -> None:
    result = check_readme(tmp_path, "```python\n1 / 0\n```\n\n```python\nunknown\n```\n")
    assert [line.split(": ")[0].rsplit(":")[-1] for line in result.stderr.splitlines()] == ["2", "6"]


# ------------------------------------------------------------------------------------------------- notebooks


def check_notebook(folder: Path, **cell: object) -> subprocess.CompletedProcess[str]:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1", **cell)])
    nbformat.write(notebook, folder / "01_lesson.ipynb")
    return run(ROOT / ".ci/check_notebooks.py", folder, folder=folder)


def test_a_notebook_without_outputs_passes(tmp_path: Path) -> None:
    result = check_notebook(tmp_path)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        ({"outputs": [nbformat.v4.new_output("stream", text="2")]}, "cell 1: an output is stored"),
        ({"execution_count": 7}, "cell 1: the execution count 7 is stored"),
        ({"metadata": {"execution": {"iopub.status.busy": "now"}}}, "cell 1: the time of execution is stored"),
    ],
)
def test_a_notebook_that_has_been_run_fails(tmp_path: Path, cell: dict[str, object], fault: str) -> None:
    result = check_notebook(tmp_path, **cell)
    assert result.returncode == 1
    assert fault in result.stderr


@pytest.mark.parametrize("content", ["", "{}", "not json", "[]"])
def test_a_file_that_is_no_notebook_fails(tmp_path: Path, content: str) -> None:
    (tmp_path / "01_lesson.ipynb").write_text(content, encoding="utf-8")
    result = run(ROOT / ".ci/check_notebooks.py", tmp_path, folder=tmp_path)
    assert result.returncode == 1
    assert "01_lesson.ipynb: is not a notebook" in result.stderr


def test_a_folder_without_notebooks_fails(tmp_path: Path) -> None:
    result = run(ROOT / ".ci/check_notebooks.py", tmp_path, folder=tmp_path)
    assert result.returncode == 1
    assert "there is no notebook to check" in result.stderr


# --------------------------------------------------------------------------------------------------- version


def check_version(folder: Path, citation: str, changelog: str, package: str = "") -> subprocess.CompletedProcess[str]:
    (folder / "model/healthreform").mkdir(parents=True)
    (folder / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1.2.0"\n', encoding="utf-8")
    (folder / "CITATION.cff").write_text(citation, encoding="utf-8")
    (folder / "CHANGELOG.md").write_text(changelog, encoding="utf-8")
    (folder / "model/healthreform/version.py").write_text(package, encoding="utf-8")
    return run(ROOT / ".ci/check_version.py", folder, folder=folder)


CITATION, CHANGELOG = "cff-version: 1.2.0\nversion: 1.2.0\n", "## [Unreleased]\n\n## [1.2.0]\n\n## [1.1.0]\n"


def test_one_version_everywhere_passes(tmp_path: Path) -> None:
    result = check_version(tmp_path, CITATION, CHANGELOG, '__version__ = "1.2.0"\n')
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("citation", "changelog", "package", "fault"),
    [
        ("cff-version: 1.2.0\nversion: 1.1.0\n", CHANGELOG, "", "CITATION.cff: says version 1.1.0"),
        ("cff-version: 1.2.0\n", CHANGELOG, "", "CITATION.cff: says no version"),
        (CITATION, "## [Unreleased]\n\n## [1.1.0]\n", "", "CHANGELOG.md: says version 1.1.0"),
        (CITATION, CHANGELOG, '__version__ = "1.1.0"\n', "version.py: says version 1.1.0"),
    ],
)
def test_two_versions_fail(tmp_path: Path, citation: str, changelog: str, package: str, fault: str) -> None:
    result = check_version(tmp_path, citation, changelog, package)
    assert result.returncode == 1
    assert fault in result.stderr


def test_the_project_itself_says_one_version() -> None:
    result = run(ROOT / ".ci/check_version.py", folder=ROOT)
    assert result.returncode == 0, result.stderr


# ------------------------------------------------------------------------------- imports, types, style: the settings


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Make a project with this one's settings and an empty module for each that the import contracts name."""
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci/empty.py").write_text(DOCSTRING, encoding="utf-8")
    (tmp_path / "model/healthreform").mkdir(parents=True)
    (tmp_path / "model/healthreform/__init__.py").write_text(DOCSTRING, encoding="utf-8")
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for contract in settings["tool"]["importlinter"]["contracts"]:
        for layer in contract.get("layers", []):
            for name in layer.replace(":", " ").replace("|", " ").split():
                write(tmp_path, f"{contract['containers'][0]}.{name.strip('()')}", DOCSTRING)
    return tmp_path


def write(project: Path, module: str, text: str) -> None:
    """Write a module, as a package if it holds others."""
    path = project / "model" / Path(*module.split("."))
    if module.endswith((".stockflow", ".sectors", ".calibration")):
        path.mkdir()
        path = path / "__init__"
    path.with_suffix(".py").write_text(text, encoding="utf-8")


def lint_imports(project: Path) -> subprocess.CompletedProcess[str]:
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return run("-c", command, "--no-cache", folder=project, PYTHONPATH=str(project / "model"))


def test_imports_that_go_downwards_pass(package: Path) -> None:
    write(package, "healthreform.stockflow.kernel", DOCSTRING + "from . import flat\n")
    write(package, "healthreform.stockflow.units", DOCSTRING + "import pint\n")
    write(package, "healthreform.cli", DOCSTRING + "from . import sectors, stockflow\n")
    result = lint_imports(package)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("module", "statement", "contract"),
    [
        ("stockflow.flat", "from . import kernel", "each file builds on those before it BROKEN"),
        ("stockflow.flat", "from .. import cli", "sectors > stockflow BROKEN"),
        ("stockflow.flat", "import healthreform", "know nothing of health care BROKEN"),
        ("simulate", "from . import plots", "sectors > stockflow BROKEN"),
        ("simulate", "import pint", "Only stockflow.units imports pint BROKEN"),
        ("unlisted", "import os", "sectors > stockflow BROKEN"),
        ("stockflow.unlisted", "import os", "each file builds on those before it BROKEN"),
    ],
)
def test_an_import_upwards_or_an_unlisted_module_fails(
    package: Path, module: str, statement: str, contract: str
) -> None:
    write(package, f"healthreform.{module}", f"{DOCSTRING}{statement}\n")
    result = lint_imports(package)
    assert result.returncode == 1, result.stdout + result.stderr
    assert contract in " ".join(result.stdout.split())


def test_types_are_strict_on_the_engine_and_basic_elsewhere(package: Path) -> None:
    untyped = DOCSTRING + "\n\ndef quantity(visits, price):\n    return visits * price\n"
    write(package, "healthreform.simulate", untyped)
    assert run("-m", "mypy", folder=package).returncode == 0
    write(package, "healthreform.stockflow.flat", untyped)
    result = run("-m", "mypy", folder=package)
    assert result.returncode == 1
    assert "stockflow/flat.py:4: error: Function is missing a type annotation" in result.stdout


def test_a_wrong_type_fails_everywhere(package: Path) -> None:
    write(package, "healthreform.simulate", DOCSTRING + 'years: int = "2010"\n')
    result = run("-m", "mypy", folder=package)
    assert result.returncode == 1
    assert "simulate.py:2: error: Incompatible types" in result.stdout


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (DOCSTRING + "import os\n", "F401"),
        (DOCSTRING + "visits = 1  " + "#" * 120 + "\n", "E501"),
        (DOCSTRING + "def CamelCase() -> None:\n    ...\n", "N802"),
        (DOCSTRING + "def quantity() -> None:\n    ...\n", "D103"),
        (DOCSTRING + "def quantity(x=[]) -> None:\n    ...\n", "B006"),
    ],
)
def test_a_fault_of_style_fails(package: Path, text: str, rule: str) -> None:
    write(package, "healthreform.simulate", text)
    result = run("-m", "ruff", "check", "--no-cache", ".", folder=package)
    assert result.returncode == 1
    assert rule in result.stdout


def test_a_file_in_another_format_fails(package: Path) -> None:
    assert run("-m", "ruff", "format", "--check", "--no-cache", "model", folder=package).returncode == 0
    write(package, "healthreform.simulate", DOCSTRING + "visits=[1,2]\n")
    assert run("-m", "ruff", "format", "--check", "--no-cache", "model", folder=package).returncode == 1
