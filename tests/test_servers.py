"""The embedded servers come back by themselves, whenever they are killed."""

import pytest

from carebridge import embedded
from carebridge.processes import ServersUnavailable


def test_a_database_killed_again_while_it_recovers_is_something_the_supervisor_tries_again(tmp_path):
    with pytest.raises(ServersUnavailable, match="went away again"):
        embedded._create_database(tmp_path)
