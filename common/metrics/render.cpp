#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include "common/metrics/registry.hpp"

namespace berth {
namespace {

std::string numberText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 32> text{};
  return std::string(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr);
}

std::string escaped(std::string_view text, bool quotes) {
  std::string out;
  for (char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || (quotes && c == '"')) out += '\\';
    out += c;
  }
  return out;
}

void line(std::string& out, const std::string& name, const Labels& labels, const std::string& value) {
  out += name;
  char before = '{';
  for (const auto& [label, text] : labels) {
    out += before + label + "=\"" + escaped(text, true) + '"';
    before = ',';
  }
  if (before == ',') out += '}';
  out += ' ' + value + '\n';
}

void histogramLines(std::string& out, const std::string& name, const Labels& labels,
                    const Histogram& histogram) {
  Labels withBound = labels;
  uint64_t total = 0;
  for (size_t i = 0; i < histogram.counts().size(); ++i) {
    total += histogram.counts()[i];
    withBound["le"] = i < histogram.bounds().size() ? numberText(histogram.bounds()[i]) : "+Inf";
    line(out, name + "_bucket", withBound, std::to_string(total));
  }
  line(out, name + "_sum", labels, numberText(histogram.sum()));
  line(out, name + "_count", labels, std::to_string(total));
}

}  // namespace

std::string Registry::render() const {
  constexpr std::array<std::string_view, 3> kKinds = {"counter", "gauge", "histogram"};
  std::string out;
  for (const auto& [name, family] : families_) {
    out += "# HELP " + name + " " + escaped(family.help, false) + "\n# TYPE " + name + " ";
    out += kKinds[family.series.begin()->second.index()];
    out += '\n';
    for (const auto& [labels, metric] : family.series) {
      if (const auto* histogram = std::get_if<Histogram>(&metric)) {
        histogramLines(out, name, labels, *histogram);
      } else if (const auto* counter = std::get_if<Counter>(&metric)) {
        line(out, name, labels, numberText(counter->value()));
      } else {
        line(out, name, labels, numberText(std::get<Gauge>(metric).value()));
      }
    }
  }
  return out;
}

}  // namespace berth
