"""The web application. Without Redis its process runs the background jobs too."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

from config.start import require_safe_start  # noqa: E402  settings must be loaded first
from config.worker import start_embedded_worker  # noqa: E402

require_safe_start()
start_embedded_worker()
