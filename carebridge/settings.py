"""Every setting of CareBridge, top to bottom. Values come from environment variables only (docs/configuration.md)."""

from datetime import timedelta

import structlog
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from redis.backoff import NoBackoff
from redis.retry import Retry

from carebridge.addresses import database_url, redis_arguments, redis_url
from carebridge.env import BASE_DIR, copy_name, data_dir, env, local_secret
from carebridge.withheld import withhold_values

# --- Which copy is this? ---------------------------------------------------------------------------------------------

ENVIRONMENT = env.str("CAREBRIDGE_ENV", default="local")
if ENVIRONMENT not in ("local", "test", "production"):
    raise ImproperlyConfigured("CAREBRIDGE_ENV is local, test or production.")
PRODUCTION = ENVIRONMENT == "production"
DATA_DIR = data_dir()
DEMO = env.bool("CAREBRIDGE_DEMO", default=not PRODUCTION)
DEBUG = env.bool("DEBUG", default=False)
PORT = env.int("PORT", default=8000)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["127.0.0.1", "localhost", "[::1]"])
PUBLIC_BASE_URL = env.str("PUBLIC_BASE_URL", default=f"http://127.0.0.1:{PORT}")
SECRET_KEY = env.str("SECRET_KEY", default="") or ("" if PRODUCTION else local_secret())

# A clinic's real data must never meet a guessable key, tracebacks on screen or a forged Host header.
_WEAK_KEY = len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 10 or SECRET_KEY.startswith("django-insecure-")
if PRODUCTION and (_WEAK_KEY or DEBUG or not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS):
    raise ImproperlyConfigured(
        "Production needs a random SECRET_KEY (50 characters or more), DEBUG off and ALLOWED_HOSTS without '*'."
    )

# --- Applications ----------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "carebridge.accounts",
    "carebridge.audit",
    "scheduling",
    "waitlist",
    "reminders",
    "reporting",
    "integrations",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "auditlog",
    "axes",
    "channels",
    "csp",
    "django_filters",
    "django_htmx",
    "django_prometheus",
    "django_rq",
    "django_structlog",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "guardian",
    "pgtrigger",
    "rest_framework",
    "template_partials.apps.SimpleAppConfig",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    # Adds random bytes, so that the length of a page doesn't tell what stands beside a secret (BREACH).
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "carebridge.guard.GuardMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "carebridge.middleware.RequestLogMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "carebridge.audit.middleware.AuditMiddleware",
    "axes.middleware.AxesMiddleware",
    "carebridge.accounts.middleware.SessionLimits",
    "carebridge.accounts.middleware.SecondFactorRequired",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "carebridge.urls"
ASGI_APPLICATION = "carebridge.asgi.application"
WSGI_APPLICATION = "carebridge.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Templates and static files --------------------------------------------------------------------------------------

_FILE_LOADERS = ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"]
_LOADERS = _FILE_LOADERS if DEBUG else [("django.template.loaders.cached.Loader", _FILE_LOADERS)]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            # template_partials must wrap the other loaders; said here because its automatic set-up rewrites them.
            "loaders": [("template_partials.loader.Loader", _LOADERS)],
            "builtins": ["template_partials.templatetags.partials", "scheduling.templatetags.icons"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "scheduling.navigation.navigation",
                "carebridge.accounts.sessions.session_clock",
            ],
        },
    },
]

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
# A local copy serves the source files as they are: nothing to collect, so a second start is quick.
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_MAX_AGE = 60 if PRODUCTION else 0
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# --- PostgreSQL ------------------------------------------------------------------------------------------------------

DATABASES = {"default": env.db_url("DATABASE_URL", default=database_url(DATA_DIR))}
# The web process keeps one connection for each of its threads (carebridge/asgi.py); everyone else connects when needed.
DATABASES["default"]["CONN_MAX_AGE"] = env.int("DB_CONN_MAX_AGE", default=0)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# Waiting longer than lock_timeout for another booking helps nobody: the caller gets a word and may try again.
_DB_LIMITS: dict[str, object] = {
    "lock_timeout": env.int("DB_LOCK_TIMEOUT_MS", default=5_000),
    "statement_timeout": env.int("DB_STATEMENT_TIMEOUT_MS", default=0),
    "idle_in_transaction_session_timeout": env.int("DB_IDLE_TIMEOUT_MS", default=60_000),
}
_DB_OPTIONS: dict = DATABASES["default"].setdefault("OPTIONS", {})
DATABASES["default"]["HOST"] = DATABASES["default"]["HOST"] or _DB_OPTIONS.pop("host", "")  # a socket's folder
# Unset, this makes every row trigger raise and catch an error inside PostgreSQL, which a bulk write feels most.
_DB_LIMITS["pgtrigger.ignore"] = "{}"
_DB_OPTIONS["options"] = " ".join(f"-c {name}={value}" for name, value in _DB_LIMITS.items())
# A search's large statements take longer to plan than to run, so each connection plans them once.
_DB_OPTIONS["server_side_binding"] = True
_DB_OPTIONS["prepare_threshold"] = env.int("DB_PREPARE_THRESHOLD", default=2)

# --- Redis: cache, jobs, live screens --------------------------------------------------------------------------------

REDIS_URL = env.str("REDIS_URL", default=redis_url(DATA_DIR))
REDIS_PREFIX = env.str("REDIS_PREFIX", default=copy_name())
# Redis may be gone at any moment and a booking must not wait for it, so: short timeouts, no retries.
REDIS_CLIENT_OPTIONS = {
    "socket_timeout": 0.2,
    "socket_connect_timeout": 0.2,
    "retry": Retry(NoBackoff(), 0),
}
CACHES = {
    "default": {
        "BACKEND": "carebridge.cache.PatientRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": REDIS_PREFIX,
        "OPTIONS": REDIS_CLIENT_OPTIONS,
    }
}
# The pub/sub layer is quick and may drop a message when Redis restarts; screens re-fetch when they reconnect.
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_connect_timeout": 0.2}], "prefix": REDIS_PREFIX},
    }
}
_RQ_CONNECTION = redis_arguments(REDIS_URL)
RQ_QUEUES = {
    name: {
        "HOST": _RQ_CONNECTION["host"],
        "PORT": _RQ_CONNECTION["port"],
        "DB": _RQ_CONNECTION["db"],
        "PASSWORD": _RQ_CONNECTION["password"],
        "USERNAME": _RQ_CONNECTION["username"],
        "SSL": _RQ_CONNECTION["ssl"],
        "REDIS_CLIENT_KWARGS": {"unix_socket_path": _RQ_CONNECTION["unix_socket_path"], **REDIS_CLIENT_OPTIONS},
        "DEFAULT_TIMEOUT": 300,
    }
    for name in ("high", "default", "reminders")
}
RQ_SHOW_ADMIN_LINK = False
RQ = {"WORKER_CLASS": "carebridge.worker.DiscreetWorker"}

# --- People: sign-in, permissions, lockout ---------------------------------------------------------------------------

RATE_LIMITS = env.bool("RATE_LIMITS", default=True)
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
    "guardian.backends.ObjectPermissionBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "carebridge.accounts.passwords.CommonCoreValidator"},
    {
        "NAME": "carebridge.accounts.passwords.ContextWordsValidator",
        "OPTIONS": {"words": ["carebridge", "clinic", "hospital"], "source": "scheduling.clinic_words.clinic_words"},
    },
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "carebridge.accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 5 * 60
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if PUBLIC_BASE_URL.startswith("https:") else "http"
PASSWORD_RESET_TIMEOUT = 60 * 60
INVITATION_TIMEOUT = timedelta(days=3)
# Failed sign-ins are counted by django-axes in the database, so that signing in works without Redis. The rest keeps
# allauth's own limits, which refuse when Redis is away.
_NO_LIMIT: dict = {"login": None, "login_failed": None}
ACCOUNT_RATE_LIMITS = _NO_LIMIT if RATE_LIMITS else False
AXES_HANDLER = "carebridge.accounts.lockout.LockoutHandler"
AXES_USERNAME_CALLABLE = "carebridge.accounts.lockout.account_key"
AXES_CLIENT_IP_CALLABLE = "carebridge.audit.origin.client_address"
AXES_FAILURE_LIMIT = 10
AXES_ADDRESS_FAILURE_LIMIT = 100
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = ["username", "ip_address"]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True
AXES_SENSITIVE_PARAMETERS = ["username", "login", "otp", "code", "next", "csrfmiddlewaretoken", "ip_address"]
AXES_LOCKOUT_CALLABLE = "carebridge.accounts.lockout.wait_page"
AXES_VERBOSE = False

# Everybody needs a second factor. Only invented people may go without, and only where the demo is switched on.
DEMO_SKIPS_SECOND_FACTOR = env.bool("DEMO_SKIPS_SECOND_FACTOR", default=DEMO and not PRODUCTION)
if PRODUCTION and DEMO_SKIPS_SECOND_FACTOR:
    raise ImproperlyConfigured("DEMO_SKIPS_SECOND_FACTOR is never set in production.")
MFA_ADAPTER = "carebridge.accounts.adapters.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION  # http://localhost
MFA_TOTP_ISSUER = "CareBridge"
MFA_TOTP_TOLERANCE = 1
MFA_RATE_LIMITS: dict | bool = {} if RATE_LIMITS else False
MFA_FORMS = {
    "activate_totp": "carebridge.accounts.forms.ActivateTOTPForm",
    "authenticate": "carebridge.accounts.forms.AuthenticateForm",
    "reauthenticate": "carebridge.accounts.forms.ReauthenticateForm",
    "authenticate_webauthn": "carebridge.accounts.forms.AuthenticateWebAuthnForm",
}
# Never longer than this, whoever sets the environment: an unattended screen shows patients.
SESSION_IDLE = timedelta(seconds=min(env.int("SESSION_IDLE_SECONDS", default=900), 900))
SESSION_LIFETIME = timedelta(seconds=min(env.int("SESSION_LIFETIME_SECONDS", default=43_200), 43_200))
GUARDIAN_MONKEY_PATCH_USER = False
ANONYMOUS_USER_NAME = None

# Cookies ignore ports: two local copies in one browser would sign each other out if they shared a name.
SESSION_COOKIE_NAME = "sessionid" if PORT == 8000 else f"sessionid_{PORT}"
if PRODUCTION:
    # The prefix makes browsers refuse the cookie from another host, over plain HTTP or for a part of the site only.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# --- E-mail ----------------------------------------------------------------------------------------------------------

# Locally, messages are files in the data folder: nothing leaves the machine.
_EMAIL = env.email_url("EMAIL_URL", default="smtp://localhost:25") if PRODUCTION or "EMAIL_URL" in env.ENVIRON else {}
EMAIL_BACKEND = env.str("EMAIL_BACKEND", default="") or _EMAIL.get(
    "EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend"
)
ANYMAIL: dict = env.json("ANYMAIL", default={})  # what an EMAIL_BACKEND of anymail's needs to know
EMAIL_FILE_PATH = str(DATA_DIR / "outbox")
EMAIL_HOST = _EMAIL.get("EMAIL_HOST", "localhost")
EMAIL_PORT = _EMAIL.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = _EMAIL.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = _EMAIL.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = _EMAIL.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _EMAIL.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="CareBridge <no-reply@carebridge.example>")

# --- Reminders -------------------------------------------------------------------------------------------------------

TWILIO_ACCOUNT_SID = env.str("TWILIO_ACCOUNT_SID", default="")
TWILIO_AUTH_TOKEN = env.str("TWILIO_AUTH_TOKEN", default="")
TWILIO_API_BASE = env.str("TWILIO_API_BASE", default="")  # another address than Twilio's own, to try things out
# Who carries a message, by medium. Without an account at a provider, a box that shows what would have gone out; in
# production nobody looks into it, so there a medium without a provider is not used.
_BOX = {} if PRODUCTION else dict.fromkeys(("sms", "email"), "reminders.transports.outbox.Outbox")
_SMS = {"sms": "reminders.transports.twilio.Twilio"} if TWILIO_ACCOUNT_SID else {}
_SENDS_MAIL = PRODUCTION or bool(env.ENVIRON.keys() & {"EMAIL_URL", "EMAIL_BACKEND"})
_MAIL = {"email": "reminders.transports.email.Email"} if _SENDS_MAIL else {}
_LETTERS = {"letter": f"reminders.transports.{'post.Post' if PRODUCTION else 'outbox.Outbox'}"}
REMINDER_TRANSPORTS: dict[str, str] = _LETTERS | _BOX | _SMS | _MAIL
for _medium in ("sms", "email", "letter"):
    if _named := env.str(f"{_medium.upper()}_TRANSPORT", default=""):
        REMINDER_TRANSPORTS[_medium] = _named
# Numbers or names that clinics send text messages from, by the clinic's code; else the one for all.
SMS_SENDER = env.str("SMS_SENDER", default="")
SMS_SENDERS: dict[str, str] = env.dict("SMS_SENDERS", default={})
# Messages a second to each provider, all processes together; 0 for no limit.
REMINDER_RATES = {
    "twilio": env.int("SMS_PER_SECOND", default=20),
    "email": env.int("EMAIL_PER_SECOND", default=50),
}
# Messages under way at once to one provider, in each process that sends.
REMINDER_SENDERS = env.int("REMINDER_SENDERS", default=16)
# The words of patients' replies are removed after so many days, once nobody has to read them any more.
REPLY_KEEP_DAYS = env.int("REPLY_KEEP_DAYS", default=180)

# --- What the browser may do -----------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        # Positions on the day board are the only inline styles: style="--y:…".
        "style-src-attr": ["'unsafe-inline'"],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
# The largest form is one of the admin with many rows. What is uploaded is larger, and only where files are asked for.
MAX_BODY_BYTES = env.int("MAX_BODY_BYTES", default=1_000_000)
DATA_UPLOAD_MAX_MEMORY_SIZE = FILE_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES
UPLOADED_BYTES = {"/waitlist/import/": 5_100_000}
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
DATA_UPLOAD_MAX_NUMBER_FILES = 1
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=PRODUCTION)
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000 if PRODUCTION else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
# Trust the forwarded scheme and address only when a proxy is known to set them; anyone else could forge them.
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- REST ------------------------------------------------------------------------------------------------------------

# Requests a minute: of one token, of one patient's token, of one address, of an address that shows no token.
API_RATES = {
    "token": env.int("RATE_PER_TOKEN", default=1_200),
    "patient": env.int("RATE_PER_PATIENT_TOKEN", default=120),
    "address": env.int("RATE_PER_ADDRESS", default=6_000),
    "stranger": env.int("RATE_PER_STRANGER", default=60),
    # Times picked and details sent on the public pages, in a quarter of an hour: a waiting room shares one address.
    "public": env.int("RATE_PUBLIC_BOOKING", default=60),
}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "carebridge.accounts.authentication.AuditedTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "carebridge.accounts.scopes.WithinScopes",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": [
        "carebridge.accounts.throttles.TokenThrottle",
        "carebridge.accounts.throttles.AddressThrottle",
    ],
    # The proxy in front appends the caller's address; without one, X-Forwarded-For is whatever a client says.
    "NUM_PROXIES": 1 if BEHIND_PROXY else 0,
    "EXCEPTION_HANDLER": "carebridge.http.problem_details",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "CareBridge",
    "DESCRIPTION": "Find, hold, book and change appointments across clinics.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    # A service may ask for a sex; the empty choice there makes it another list than a person's.
    "ENUM_NAME_OVERRIDES": {
        "SexEnum": "scheduling.models.resource.Sex",
        "StatusEnum": "scheduling.models.appointment.Status",
        "WaitlistStatusEnum": "waitlist.models.entry.EntryStatus",
        "OfferStateEnum": "waitlist.models.offer.OfferState",
    },
}

# --- Audit -----------------------------------------------------------------------------------------------------------

AUDITLOG_LOGENTRY_MODEL = "audit.LogEntry"
AUDITLOG_CID_GETTER = "carebridge.audit.request_id"
AUDITLOG_MASK_CALLABLE = "carebridge.audit.mask_all"
AUDITLOG_STORE_JSON_CHANGES = True
# The head of the audit chain is noted here as well; in production on a disk that the database's owner can't write.
AUDIT_ANCHOR_FILE = env.str("AUDIT_ANCHOR_FILE", default=str(DATA_DIR / "audit-anchors.jsonl"))
AUDIT_KEEP_DAYS = env.int("AUDIT_KEEP_DAYS", default=8 * 365)

# --- Patients' rights ------------------------------------------------------------------------------------------------

# So long after the last visit a record is kept; then everything personal is removed for good. 0 keeps all.
PATIENT_RETENTION_YEARS = env.int("PATIENT_RETENTION_YEARS", default=8)

# --- Language and time: stored in UTC, shown in the clinic's own zone ------------------------------------------------

LANGUAGE_CODE = "en-gb"
USE_I18N = True
FORMAT_MODULE_PATH = "carebridge.formats"
TIME_ZONE = "UTC"
USE_TZ = True

# --- Logging: one line per event, JSON in production, never a query string or personal data --------------------------

DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = 10
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = 20
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
_LOG_STEPS: list = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_LOG_STEPS,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
# Exceptions are told by kind and place: their texts and variables could hold a patient's name.
_RENDERERS: list = [
    withhold_values,
    structlog.processors.JSONRenderer() if PRODUCTION else structlog.dev.ConsoleRenderer(colors=False),
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "lines": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": _LOG_STEPS,
            "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_RENDERERS],
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        # These name the path with its query, the signed-in name or the arguments of a statement.
        "axes": {"level": "ERROR"},
        "django.request": {"level": "CRITICAL"},
        "django.security.csrf": {"level": "ERROR"},
        "django.server": {"level": "WARNING"},
        "django.db.backends": {"level": "WARNING"},
        "uvicorn": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "uvicorn.access": {"handlers": [], "propagate": False},
        "rq.worker": {"level": "INFO", "handlers": ["console"], "propagate": False},
        "rq.scheduler": {"level": "WARNING"},
    },
}
