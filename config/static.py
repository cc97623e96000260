"""Static files without what packages bring and no page uses: compressing those takes most of a minute."""

from django.contrib.staticfiles.apps import StaticFilesConfig


class StaticFiles(StaticFilesConfig):
    ignore_patterns = [
        *StaticFilesConfig.ignore_patterns,
        "bootstrap-*",
        "bootstrap.css*",
        "bootstrap*.js*",
        "*.rtl.*",
        "ext",
        "import_export",
        "treebeard",
    ]
