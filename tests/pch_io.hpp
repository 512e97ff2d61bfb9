// What tests with I/O include: Catch, Asio, Beast and JSON.
#pragma once

#include "cmake/pch.hpp"
#include "tests/pch.hpp"
