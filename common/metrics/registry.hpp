// Counters, gauges and histograms for GET /metrics.
// Single-threaded: metrics are changed and rendered on the one thread that owns the registry.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace berth {

/// Names and values that tell the metrics of one name apart, e.g. {{"code", "200"}}. Values come from a small
/// fixed set: each new one is a series for ever.
using Labels = std::map<std::string, std::string>;

/// A count that only grows.
class Counter {
 public:
  /// `amount` is not negative.
  void add(double amount = 1);
  double value() const { return value_; }

 private:
  double value_ = 0;
};

/// A level that goes up and down.
class Gauge {
 public:
  void set(double value) { value_ = value; }
  void add(double amount) { value_ += amount; }
  double value() const { return value_; }

 private:
  double value_ = 0;
};

/// How often a value fell at or below each of some bounds.
class Histogram {
 public:
  /// `bounds` ascend strictly and are finite; +Inf is implied.
  explicit Histogram(std::vector<double> bounds);
  void observe(double value);

  const std::vector<double>& bounds() const { return bounds_; }
  /// Values in each bucket alone (not cumulated); one more than there are bounds.
  const std::vector<uint64_t>& counts() const { return counts_; }
  double sum() const { return sum_; }

 private:
  std::vector<double> bounds_;
  std::vector<uint64_t> counts_;
  double sum_ = 0;
};

/// Owns the metrics of a program. The same name and labels give the same object; references stay valid as
/// long as the registry. One name has one kind, one set of bounds and one set of label names, all of them as
/// Prometheus allows them; anything else is a bug and ends the program.
class Registry {
 public:
  Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {});
  Histogram& histogram(const std::string& name, const std::string& help, std::vector<double> bounds,
                       const Labels& labels = {});

  /// All metrics, sorted by name and labels, in Prometheus' text exposition format 0.0.4
  /// (https://prometheus.io/docs/instrumenting/exposition_formats/), content type
  /// "text/plain; version=0.0.4; charset=utf-8".
  std::string render() const;

 private:
  using Metric = std::variant<Counter, Gauge, Histogram>;
  struct Family {
    std::string help;
    std::map<Labels, Metric> series;
  };

  Metric& find(const std::string& name, const std::string& help, const Labels& labels, Metric fresh);

  std::map<std::string, Family> families_;
};

}  // namespace berth
