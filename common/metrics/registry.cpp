#include "common/metrics/registry.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string_view>
#include <utility>

namespace berth {
namespace {

[[noreturn]] void bug(const std::string& name, const char* what) {
  std::fprintf(stderr, "bug in the metrics: '%s' %s\n", name.c_str(), what);
  std::abort();
}

bool isName(std::string_view text, bool colons) {
  const auto allowed = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (colons && c == ':');
  };
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9') && std::ranges::all_of(text, allowed);
}

bool sameNames(const Labels& a, const Labels& b) {
  return std::ranges::equal(a, b, {}, &Labels::value_type::first, &Labels::value_type::first);
}

}  // namespace

void Counter::add(double amount) {
  if (!(amount >= 0)) bug("counter", "only grows");
  value_ += amount;
}

Histogram::Histogram(std::vector<double> bounds) : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {
  const bool ascend = std::ranges::adjacent_find(bounds_, std::greater_equal<>()) == bounds_.end();
  const bool finite = std::ranges::all_of(bounds_, [](double bound) { return std::isfinite(bound); });
  if (!ascend || !finite) bug("histogram", "needs finite bounds that ascend");
}

void Histogram::observe(double value) {
  // Not a search by order: NaN is below no bound, so it counts in the last bucket.
  const auto bucket = std::ranges::find_if(bounds_, [value](double bound) { return value <= bound; });
  ++counts_[static_cast<size_t>(bucket - bounds_.begin())];
  sum_ += value;
}

Registry::Metric& Registry::find(const std::string& name, const std::string& help, const Labels& labels,
                                 Metric fresh) {
  auto [family, isNew] = families_.try_emplace(name, Family{help, {}});
  auto& series = family->second.series;
  if (isNew) {
    if (!isName(name, true)) bug(name, "is no name of a metric");
    for (const auto& [label, value] : labels) {
      const bool reserved = label.starts_with("__") || label == "le";
      if (reserved || !isName(label, false)) bug(name, "has a label with a name that is not allowed");
    }
  } else {
    const auto& [knownLabels, known] = *series.begin();
    if (known.index() != fresh.index()) bug(name, "is of two kinds");
    if (!sameNames(knownLabels, labels)) bug(name, "has different label names");
    const auto* histogram = std::get_if<Histogram>(&fresh);
    const bool sameBounds =
        histogram == nullptr || histogram->bounds() == std::get<Histogram>(known).bounds();
    if (!sameBounds) bug(name, "has different bounds");
  }
  return series.try_emplace(labels, std::move(fresh)).first->second;
}

Counter& Registry::counter(const std::string& name, const std::string& help, const Labels& labels) {
  return std::get<Counter>(find(name, help, labels, Counter()));
}

Gauge& Registry::gauge(const std::string& name, const std::string& help, const Labels& labels) {
  return std::get<Gauge>(find(name, help, labels, Gauge()));
}

Histogram& Registry::histogram(const std::string& name, const std::string& help, std::vector<double> bounds,
                               const Labels& labels) {
  return std::get<Histogram>(find(name, help, labels, Histogram(std::move(bounds))));
}

}  // namespace berth
