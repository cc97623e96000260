"""Headers that neither Django nor django-csp sets."""

POLICY = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"


def permissions_policy(get_response):
    """Middleware: no page uses the device's camera, microphone or place, and no frame may."""

    def middleware(request):
        response = get_response(request)
        response["Permissions-Policy"] = POLICY
        return response

    return middleware
