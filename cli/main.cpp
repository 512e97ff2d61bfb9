#include "cli/commands/app.hpp"

int main(int argc, char** argv) { return berth::cli::runBerth(argc, argv); }
