// CNI, the Container Network Interface (specification 1.0.0): lists of plugins, what they read, what they
// say.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/ports/runtime.hpp"
#include "common/result/result.hpp"

namespace berth::agent::network {

struct Plugin {
  std::string type;        ///< its program's name
  std::string config;      ///< its object of the list, as JSON
  bool mapsPorts = false;  ///< it declares the capability portMappings
};

struct Chain {
  std::string name;
  std::string version;
  bool checks = false;  ///< it may be asked whether all is as it was made (CHECK)
  std::vector<Plugin> plugins;
  std::string text;  ///< what it was parsed from
};

/// A network configuration list (.conflist). InvalidArgument naming `source` for what is none, for a version
/// other than 0.3.0 to 1.1.0, and for a plugin's type that is a path.
Result<Chain> parseChain(std::string_view text, const std::string& source);

/// The list where nobody gives one: the bridge kBridge, addresses out of `subnet` ("10.190.0.0/20") that are
/// noted below `addressFolder`, and published ports. Masquerading is left to forwardingRules().
inline constexpr const char* kBridge = "berth0";
inline constexpr const char* kChainName = "berth";
std::string bridgeChain(const std::string& subnet, const std::string& addressFolder);

/// Whether the plugin has something to do: what only publishes ports has not, where there are none.
bool isNeeded(const Plugin& plugin, const std::vector<PortMapping>& ports);

/// What one plugin of the chain reads. `previous`: the result of the plugin before it, of the whole chain for
/// CHECK and DEL; empty: none.
std::string pluginInput(const Chain& chain, const Plugin& plugin, const std::vector<PortMapping>& ports,
                        const std::string& previous);

struct Addresses {
  std::string ipv4;  ///< without its prefix; each is empty when there is none
  std::string ipv6;
  std::string mac;
  std::string subnet;   ///< of the address of IPv4: "10.191.0.0/20"
  std::string gateway;  ///< likewise: "10.191.0.1"
  std::vector<std::string> nameServers;
  std::vector<std::string> searchDomains;
};

/// What an ADD has come to inside the container. InvalidArgument for a text that is no result,
/// FailedPrecondition for one without an address of the container.
Result<Addresses> addressesOf(std::string_view result);

/// "CNI plugin bridge can't ADD: MESSAGE; DETAILS", by what it printed; ResourceExhausted when addresses ran
/// out.
Error pluginFailure(const std::string& type, const std::string& command, int code, std::string_view output,
                    std::string_view errors);

}  // namespace berth::agent::network
